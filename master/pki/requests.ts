// PKCS#10 requests of others: what they name, and certificates the cluster's authority signs for them.
// upstream: pkg/controller/certificates/authority/{authority,policies}.go
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension, BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, PemConverter, Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator,
} from '@peculiar/x509';
import { curve, serial, type KeyPair } from './certificates.ts';

const crypto = webcrypto;
const subjectAlternativeName = '2.5.29.17';
/** Clocks differ; the shortest life anyone may ask for is longer. */
const backdateMs = 5 * 60 * 1000;
/** Of lives this short the backdate is no small part. */
const shortMs = 8 * 3600 * 1000;

export interface RequestNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

const keyUsages: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature, 'digital signature': KeyUsageFlags.digitalSignature, 'content commitment': KeyUsageFlags.nonRepudiation, 'key encipherment': KeyUsageFlags.keyEncipherment,
  'key agreement': KeyUsageFlags.keyAgreement, 'data encipherment': KeyUsageFlags.dataEncipherment, 'cert sign': KeyUsageFlags.keyCertSign, 'crl sign': KeyUsageFlags.cRLSign,
  'encipher only': KeyUsageFlags.encipherOnly, 'decipher only': KeyUsageFlags.decipherOnly,
};
const extendedUsages: Readonly<Record<string, ExtendedKeyUsage>> = {
  'server auth': ExtendedKeyUsage.serverAuth, 'client auth': ExtendedKeyUsage.clientAuth, 'code signing': ExtendedKeyUsage.codeSigning, 'email protection': ExtendedKeyUsage.emailProtection,
  's/mime': ExtendedKeyUsage.emailProtection, timestamping: ExtendedKeyUsage.timeStamping, 'ocsp signing': ExtendedKeyUsage.ocspSigning,
};

const namesOf = (request: Pkcs10CertificateRequest): SubjectAlternativeNameExtension | undefined => {
  const extension = request.getExtension(subjectAlternativeName);
  return extension ? new SubjectAlternativeNameExtension(extension.rawData) : undefined;
};

/** @throws Error when the PEM is no request */
function requestNames(pem: string): RequestNames {
  const request = new Pkcs10CertificateRequest(PemConverter.decodeFirst(pem));
  const names = namesOf(request)?.names.items ?? [];
  const of = (type: string): string[] => names.filter((name) => name.type === type).map((name) => name.value);
  return { commonName: request.subjectName.getField('CN')[0] ?? '', organizations: request.subjectName.getField('O'), dnsNames: of('dns'), ips: of('ip'), emails: of('email'), uris: of('url') };
}

/** PEM of a certificate for the request's subject, names and key; it ends with the authority at the latest. @throws Error when the request is not signed by its key */
async function signRequest(authority: KeyPair, pem: string, usages: readonly string[], seconds: number, now = Date.now()): Promise<string> {
  const request = new Pkcs10CertificateRequest(PemConverter.decodeFirst(pem));
  if (!(await request.verify(crypto))) throw new Error('unable to verify certificate request signature');
  const ca = new X509Certificate(authority.cert);
  const signingKey = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), curve, false, ['sign']);
  const life = seconds * 1000;
  const notAfter = now + (life < shortMs ? life : life - backdateMs);
  const flags = usages.reduce((all, usage) => all | (keyUsages[usage] ?? 0), 0);
  const extended = usages.flatMap((usage) => extendedUsages[usage] ?? []);
  const names = namesOf(request);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(now), subject: request.subject, issuer: ca.subject, notBefore: new Date(now - backdateMs), notAfter: new Date(Math.min(notAfter, ca.notAfter.getTime())),
    signingAlgorithm: curve, publicKey: request.publicKey, signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true), ...(flags ? [new KeyUsagesExtension(flags, true)] : []), ...(extended.length ? [new ExtendedKeyUsageExtension(extended)] : []),
      ...(names ? [new SubjectAlternativeNameExtension(names.names.items)] : []), await AuthorityKeyIdentifierExtension.create(ca.publicKey, false, crypto),
    ],
  }, crypto);
  return `${certificate.toString('pem')}\n`;
}

/** When the first certificate of a PEM text ends, in ms since the epoch. */
export const endOf = (pem: string): number => new X509Certificate(PemConverter.decodeFirst(pem)).notAfter.getTime();

/** The authority as the signing controller knows it. */
export const signingAuthority = (authority: KeyPair): { names: typeof requestNames; sign(request: string, usages: readonly string[], seconds: number): Promise<string>; endOf: typeof endOf } =>
  ({ names: requestNames, sign: (request, usages, seconds) => signRequest(authority, request, usages, seconds), endOf });
