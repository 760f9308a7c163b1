// Whom a PKCS#10 request names: read from its DER without any library, for what admission has to know.
const organizationOid = '55040a';
const commonNameOid = '550403';

interface Element { readonly tag: number; readonly content: Buffer; readonly rest: Buffer }

class MalformedDer extends Error {}

/** The first element of DER bytes. @throws MalformedDer when they end too early */
function element(bytes: Buffer): Element {
  if (bytes.length < 2) throw new MalformedDer();
  const tag = bytes.readUInt8(0);
  const first = bytes.readUInt8(1);
  const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
  if (sizeBytes > 4 || bytes.length < 2 + sizeBytes) throw new MalformedDer();
  const size = sizeBytes === 0 ? first : bytes.readUIntBE(2, sizeBytes);
  const start = 2 + sizeBytes;
  if (bytes.length < start + size) throw new MalformedDer();
  return { tag, content: bytes.subarray(start, start + size), rest: bytes.subarray(start + size) };
}
function children(content: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let rest = content; rest.length > 0;) {
    const { content: inner, rest: after } = element(rest);
    list.push(inner);
    rest = after;
  }
  return list;
}

export interface RequestSubject { readonly commonName: string | undefined; readonly organizations: readonly string[] }

/** Of a PEM text in base64, as the API has it; undefined when it is no request. */
export function requestSubject(base64: string): RequestSubject | undefined {
  const pem = Buffer.from(base64, 'base64').toString('latin1');
  const body = /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE REQUEST-----/.exec(pem)?.[1];
  if (body === undefined) return undefined;
  try {
    // CertificationRequest { CertificationRequestInfo { version, subject: SEQUENCE OF SET OF { type, value }, … }, … }
    const info = element(element(Buffer.from(body, 'base64')).content).content;
    const subject = element(element(info).rest).content;
    const parts = children(subject).flatMap(children).map((attribute) => children(attribute));
    const values = (oid: string): string[] => parts.filter(([type]) => type?.toString('hex') === oid).map(([, value]) => value?.toString('utf8') ?? '');
    return { commonName: values(commonNameOid)[0], organizations: values(organizationOid) };
  } catch (error) {
    if (error instanceof MalformedDer) return undefined;
    throw error;
  }
}
