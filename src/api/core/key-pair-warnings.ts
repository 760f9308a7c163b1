// Whether a certificate and a private key in PEM belong together, in the words of Go's library. (upstream: crypto/tls, X509KeyPair)
import { createPrivateKey, X509Certificate } from 'node:crypto';

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const blocksIn = (pem: string): { readonly type: string; readonly text: string }[] => [...pem.matchAll(block)].map(([text, type]) => ({ type: type!, text }));
const listed = (blocks: readonly { readonly type: string }[]): string => `[${blocks.map(({ type }) => type).join(' ')}]`;
const isKey = ({ type }: { readonly type: string }): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

function read<T>(make: () => T): T | undefined {
  try { return make(); } catch { return undefined; }
}

/** What is wrong with the pair; undefined when nothing is. */
export function keyPairProblem(certificatePem: string, keyPem: string): string | undefined {
  const [inCertificate, inKey] = [blocksIn(certificatePem), blocksIn(keyPem)];
  const leaf = inCertificate.find(({ type }) => type === 'CERTIFICATE');
  if (!leaf) {
    if (inCertificate.length === 0) return 'tls: failed to find any PEM data in certificate input';
    return inCertificate.length === 1 && inCertificate[0]!.type.endsWith('PRIVATE KEY')
      ? 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${listed(inCertificate)}`;
  }
  const key = inKey.find(isKey);
  if (!key) {
    if (inKey.length === 0) return 'tls: failed to find any PEM data in key input';
    return inKey.length === 1 && inKey[0]!.type === 'CERTIFICATE'
      ? 'tls: found a certificate rather than a key in the PEM for the private key'
      : `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${listed(inKey)}`;
  }
  const certificate = read(() => new X509Certificate(leaf.text));
  if (!certificate) return 'x509: malformed certificate';
  const privateKey = read(() => createPrivateKey(key.text));
  if (!privateKey) return 'tls: failed to parse private key';
  if (certificate.publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return certificate.checkPrivateKey(privateKey) ? undefined : 'tls: private key does not match public key';
}
