// Signs approved requests for the signers of the cluster itself. (upstream: pkg/controller/certificates/signer)
import { findCondition, isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import { CertificateSigningRequests, type CertificateSigningRequest } from '../../../src/api/certificates/certificate-signing-request.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { lifeOf, signers, type Authority } from './signer.ts';

export function createCertificateSigningController(authority: Authority): Controller {
  return {
    name: 'certificate-controller',
    for: CertificateSigningRequests,
    async reconcile({ client, cached, clock }: ControllerContext, name: string): Promise<void> {
      const request = cached(CertificateSigningRequests).get(name);
      const judge = request && signers[request.spec.signerName];
      const conditions = request?.status.conditions ?? [];
      if (!judge || request.status.certificate || !isConditionTrue(conditions, 'Approved') || findCondition(conditions, 'Failed')) return;
      const { usages = [], expirationSeconds } = request.spec;
      const pem = Buffer.from(request.spec.request, 'base64').toString();
      const write = (status: CertificateSigningRequest['status']): Promise<unknown> => client.updateStatus(CertificateSigningRequests, { ...request, status } as Draft<CertificateSigningRequest>);
      const why = judge(authority.names(pem), usages);
      if (why !== undefined) {
        await write({ ...request.status, conditions: [...conditions, { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: why, lastUpdateTime: timestamp(clock.now()), lastTransitionTime: timestamp(clock.now()) }] });
        return;
      }
      const certificate = await authority.sign(pem, usages, lifeOf(expirationSeconds));
      await write({ ...request.status, certificate: Buffer.from(certificate).toString('base64') });
    },
  };
}
