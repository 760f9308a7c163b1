// A new key and a signed request (PKCS#10) for its certificate; the key never leaves the host that makes it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** PEM texts. */
export interface KeyAndRequest { readonly key: string; readonly request: string }

export async function certificateRequest(subject: { readonly commonName: string; readonly organization: string }): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({ name: [{ O: [subject.organization] }, { CN: [subject.commonName] }], keys, signingAlgorithm: algorithm }, webcrypto);
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key: `${key}\n`, request: `${made.toString('pem')}\n` };
}
