// Why a connection to an extension server failed, in the words of upstream's client.

interface ConnectionError extends Error { readonly code?: string; readonly address?: string; readonly port?: number; readonly hostname?: string; readonly host?: string; readonly cert?: { readonly subjectaltname?: string } }

const unknownAuthority: ReadonlySet<string> = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_SIGNATURE_FAILURE']);

/** Go's words where Node has a code for the case, else Node's. */
export function connectionWords({ code = '', message, address, port, hostname, host, cert }: ConnectionError): string {
  const untrusted = 'tls: failed to verify certificate: x509: ';
  if (unknownAuthority.has(code)) return `${untrusted}certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return `${untrusted}certificate has expired or is not yet valid`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${untrusted}certificate is valid for ${(cert?.subjectaltname ?? '').replace(/\b(DNS|IP Address):/g, '')}, not ${host ?? ''}`;
  if (code === 'ECONNREFUSED' && address) return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  return code === 'ECONNRESET' ? 'EOF' : message;
}
