// Nobody gets a client certificate of the superusers' group from a signer. (upstream: plugin/pkg/admission/certificates/subjectrestriction)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { requestSubject } from '../../../src/api/certificates/request-subject.ts';
import type { AdmissionPlugin } from './admission.ts';

const signer = 'kubernetes.io/kube-apiserver-client';
const superusers = 'system:masters';

export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    validate({ operation, resource, object, subresource, name }) {
      if (operation !== 'CREATE' || subresource !== '' || resource.group !== 'certificates.k8s.io' || resource.plural !== 'certificatesigningrequests') return;
      const spec = object!['spec'] as { signerName: string; request: string };
      if (spec.signerName !== signer || !requestSubject(spec.request)?.organizations.includes(superusers)) return;
      throw errors.forbidden({ group: resource.group, resource: resource.plural }, name, `use of ${signer} signer with ${superusers} group is not allowed`);
    },
  };
}
