// Approves client certificates of kubelets for those who may have them by a role. (upstream: pkg/controller/certificates/approver/sarapprove.go)
import { SubjectAccessReviews, type SubjectAccessReview } from '../../../src/api/authorization/subject-access-review.ts';
import { CertificateSigningRequests, type CertificateSigningRequest } from '../../../src/api/certificates/certificate-signing-request.ts';
import { resourcePath } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { signers, type Authority, type RequestNames } from './signer.ts';

const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
/** What a requester may be allowed to create, and what is said when that approves the request. */
const permissions = [
  { subresource: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.', concerns: ({ spec }: CertificateSigningRequest, names: RequestNames) => spec.username === names.commonName },
  { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.', concerns: () => true },
] as const;

async function allowed({ client }: ControllerContext, { spec: { username, uid, groups, extra } }: CertificateSigningRequest, subresource: string): Promise<boolean> {
  const resourceAttributes = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource };
  const body = { apiVersion: SubjectAccessReviews.apiVersion, kind: SubjectAccessReviews.kind, spec: { user: username, uid, groups, extra, resourceAttributes } };
  const review = (await client.transport.request({ method: 'POST', path: resourcePath(SubjectAccessReviews, {}), body })) as SubjectAccessReview;
  return review.status.allowed;
}

export function createCertificateApprovingController(names: Authority['names']): Controller {
  return {
    name: 'certificate-approving-controller',
    for: CertificateSigningRequests,
    async reconcile(context: ControllerContext, name: string): Promise<void> {
      const request = context.cached(CertificateSigningRequests).get(name);
      if (request?.spec.signerName !== signerName || request.status.certificate) return;
      const conditions = request.status.conditions ?? [];
      if (conditions.some(({ type }) => type === 'Approved' || type === 'Denied')) return;
      const named = names(Buffer.from(request.spec.request, 'base64').toString());
      // What the signer would refuse is a person's to decide.
      if (signers[signerName]!(named, request.spec.usages ?? []) !== undefined) return;
      for (const { subresource, message, concerns } of permissions) {
        if (!concerns(request, named) || !(await allowed(context, request, subresource))) continue;
        const body = { ...request, status: { ...request.status, conditions: [...conditions, { type: 'Approved', status: 'True', reason: 'AutoApproved', message }] } };
        await context.client.transport.request({ method: 'PUT', path: resourcePath(CertificateSigningRequests, { name }, 'approval'), body });
        return;
      }
    },
  };
}
