// The cluster's own certificate authority and the certificates it signs (P-256, ECDSA).
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, PemConverter, SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension, AuthorityKeyIdentifierExtension, X509Certificate, X509CertificateGenerator,
} from '@peculiar/x509';
import { renewalTime } from '../../src/client/kubeconfig.ts';

/** The authority's kind of key. */
export const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const crypto = webcrypto;
const yearMs = 365 * 24 * 3600 * 1000;
/** Clocks of hosts differ: certificates are valid from a little earlier. */
const skewMs = 3600 * 1000;

/** PEM texts. */
export interface KeyPair { readonly cert: string; readonly key: string }

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly usage: 'server' | 'client';
  readonly days?: number;
}

const subject = (commonName: string, organizations: readonly string[] = []): { [key: string]: string[] }[] => [...organizations.map((O) => ({ O: [O] })), { CN: [commonName] }];
/** A serial number: when it was given, in ms since the epoch as 48 bits, and 80 random bits. */
export const serial = (now: number): string => now.toString(16).padStart(12, '0') + Buffer.from(webcrypto.getRandomValues(new Uint8Array(10))).toString('hex');
/** When a certificate of this authority was issued, to the ms; by its start, which is earlier, where the serial number does not tell. */
export function issuedAt({ serial: hex, notBefore }: { readonly serial: string; readonly notBefore: number }): number {
  const told = parseInt(hex.padStart(32, '0').slice(0, 12), 16);
  return told >= notBefore && told <= notBefore + 2 * skewMs ? told : notBefore;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** A new self-signed authority. */
export async function createAuthority(commonName: string): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(now), name: subject(commonName), notBefore: new Date(now - skewMs), notAfter: new Date(now + 10 * yearMs), signingAlgorithm: curve, keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true), await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto)],
  }, crypto);
  return { cert: `${certificate.toString('pem')}\n`, key: `${await exportKey(keys.privateKey)}\n` };
}

/** A new key and a certificate for it, signed by the authority. `now`: ms since the epoch. */
export async function issue(authority: KeyPair, request: CertificateRequest, now = Date.now()): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  return { cert: await sign(authority, request, keys.publicKey, now), key: `${await exportKey(keys.privateKey)}\n` };
}

/** A certificate for a key somebody else keeps. @throws Error when the PEM is no public key on P-256 */
export async function issueFor(authority: KeyPair, request: CertificateRequest, publicKey: string, now = Date.now()): Promise<string> {
  let key: webcrypto.CryptoKey;
  try {
    key = await crypto.subtle.importKey('spki', PemConverter.decodeFirst(publicKey), curve, true, ['verify']);
  } catch (error) {
    throw new Error('not the PEM of a public key on the curve P-256', { cause: error });
  }
  return sign(authority, request, key, now);
}

async function sign(authority: KeyPair, request: CertificateRequest, publicKey: webcrypto.CryptoKey, now: number): Promise<string> {
  const ca = new X509Certificate(authority.cert);
  const caKey = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), curve, false, ['sign']);
  const names = [...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })), ...(request.ips ?? []).map((value) => ({ type: 'ip' as const, value }))];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(now), subject: subject(request.commonName, request.organizations), issuer: ca.subject,
    notBefore: new Date(now - skewMs), notAfter: new Date(now + (request.days ?? 365) * 24 * 3600 * 1000),
    signingAlgorithm: curve, publicKey, signingKey: caKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true), new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([request.usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(names.length ? [new SubjectAlternativeNameExtension(names)] : []),
      await AuthorityKeyIdentifierExtension.create(ca.publicKey, false, crypto),
    ],
  }, crypto);
  return `${certificate.toString('pem')}\n`;
}

/** Names of a certificate and when it has to be replaced, to decide whether it still serves. */
export function describe(pem: string): { names: readonly string[]; commonName: string | undefined; renewAt: number } {
  const certificate = new X509Certificate(pem);
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items.map((n) => n.value) ?? [];
  return { names, commonName: certificate.subjectName.getField('CN')[0], renewAt: renewalTime(certificate.notBefore.getTime(), certificate.notAfter.getTime()) };
}
