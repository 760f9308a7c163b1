// The fingerprint hosts know an authority by before they trust it: SHA-256 of its public key, in kubeadm's form.
// upstream: cmd/kubeadm/app/util/pubkeypin/pubkeypin.go
import { createHash, X509Certificate } from 'node:crypto';

/** `sha256:` and 64 hexadecimal digits, of the certificate's SubjectPublicKeyInfo. @throws Error when the PEM is no certificate */
export const caHash = (pem: string): string => `sha256:${createHash('sha256').update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })).digest('hex')}`;

export const isCaHash = (text: string): boolean => /^sha256:[0-9a-f]{64}$/i.test(text);
