// Removes requests nobody needs any more: decided ones after an hour, others after a day, and those whose certificate has ended.
// upstream: pkg/controller/certificates/cleaner/cleaner.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { CertificateSigningRequests, type CertificateSigningRequest } from '../../../src/api/certificates/certificate-signing-request.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { Authority } from './signer.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** When the request is to go, in ms since the epoch. */
export function deadline({ metadata, status: { conditions = [], certificate } }: CertificateSigningRequest, endOf: Authority['endOf']): number {
  const ends = conditions.flatMap(({ type, lastUpdateTime }) => {
    const decided = type === 'Denied' || type === 'Failed' || (type === 'Approved' && certificate);
    return decided && lastUpdateTime ? [Date.parse(lastUpdateTime) + hourMs] : [];
  });
  if (certificate && conditions.some(({ type }) => type === 'Approved')) ends.push(endOf(Buffer.from(certificate, 'base64').toString()));
  // An approval no signer has answered waits as long as a request nobody has decided.
  if (!ends.length) ends.push(Date.parse(metadata.creationTimestamp ?? '') + dayMs);
  return Math.min(...ends);
}

export function createCertificateCleaner(endOf: Authority['endOf']): Controller {
  return {
    name: 'certificate-cleaner',
    for: CertificateSigningRequests,
    workers: 1,
    async reconcile({ client, cached, clock }: ControllerContext, name: string): Promise<ReconcileResult | void> {
      const request = cached(CertificateSigningRequests).get(name);
      if (!request) return undefined;
      const left = deadline(request, endOf) - clock.now();
      if (left > 0) return { requeueAfter: left };
      await client.delete(CertificateSigningRequests, { name }, { preconditions: { uid: request.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
      return undefined;
    },
  };
}
