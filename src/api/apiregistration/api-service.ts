// APIService: who serves a group and version of the API. (upstream: kube-aggregator pkg/apis/apiregistration/validation/validation.go)
import { invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { findCondition } from '../../apimachinery/conditions.ts';
import { isDNS1035Label, isDNS1123Subdomain, isValidPortNum } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, bytes, field, int32, object, string, time, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';

const registration = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1';

export const serviceReference = object('ServiceReference', {
  namespace: string(1, { doc: 'Namespace of the Service.' }),
  name: string(2, { doc: 'Name of the Service.' }),
  port: int32(3, { pointer: true, default: 443, doc: 'Port of the Service.' }),
}, { package: registration, doc: 'A Service that serves an API.' });

export const apiServiceSpec = object('APIServiceSpec', {
  service: field(1, serviceReference, { doc: 'Service that serves the API; this server when absent.' }),
  group: string(2, { doc: 'API group.' }),
  version: string(3, { doc: 'Version of the group.' }),
  insecureSkipTLSVerify: boolean(4, { doc: 'True does not check the Service\'s certificate.' }),
  caBundle: bytes(5, { listType: 'atomic', doc: 'PEM certificates the Service\'s own is checked against.' }),
  groupPriorityMinimum: int32(7, { required: true, unchecked: true, doc: 'Place of the group among the groups; higher is first.' }),
  versionPriority: int32(8, { required: true, unchecked: true, doc: 'Place of the version in the group; higher is first.' }),
}, { package: registration, doc: 'Who serves what.' });
type Spec = FieldsValue<typeof apiServiceSpec.fields>;

export const apiServiceCondition = object('APIServiceCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Available.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: registration, doc: 'One observed aspect of an APIService.' });

export const apiServiceStatus = object('APIServiceStatus', {
  conditions: array(1, apiServiceCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Whether the API is available.' }),
}, { package: registration, doc: 'Whether it is served.' });
type Status = FieldsValue<typeof apiServiceStatus.fields>;

function serviceFaults({ service, caBundle = '', insecureSkipTLSVerify = false }: Spec): Fault[] {
  if (!service) {
    return [
      ...(caBundle === '' ? [] : [invalid('spec.caBundle', `${Buffer.from(caBundle, 'base64').length} bytes`, 'local APIServices may not have a caBundle')]),
      ...(insecureSkipTLSVerify ? [invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify')] : []),
    ];
  }
  return [
    ...(service.namespace ? [] : [required('spec.service.namespace')]), ...(service.name ? [] : [required('spec.service.name')]),
    ...(service.port === undefined ? [] : isValidPortNum(service.port).map((problem) => invalid('spec.service.port', service.port, `port is not valid: ${problem}`))),
    ...(caBundle !== '' && insecureSkipTLSVerify ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')] : []),
  ];
}

function specFaults(spec: Spec, name: string): Fault[] {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec;
  const expected = `${version}.${group}`;
  return [
    ...(name && name !== expected ? [invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`)] : []),
    ...(group === '' ? (version === 'v1' ? [] : [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')])
      : isDNS1123Subdomain(group).length > 0 ? [invalid('spec.group', group, isDNS1123Subdomain(group).join(','))] : []),
    ...messages('spec.version', version, isDNS1035Label(version).length > 0 ? [isDNS1035Label(version).join(',')] : []),
    ...(groupPriorityMinimum > 0 && groupPriorityMinimum <= 20000 ? [] : [invalid('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000')]),
    ...(versionPriority > 0 && versionPriority <= 1000 ? [] : [invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000')]),
    ...serviceFaults(spec),
  ];
}

function availableText(status: Status | undefined): string {
  const available = findCondition(status?.conditions, 'Available');
  if (!available) return 'Unknown';
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}

export const APIServices = defineResource({
  group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIService', plural: 'apiservices', categories: ['api-extensions'], scope: 'Cluster', nameFormat: 'pathSegment',
  doc: 'Who serves a group and version of the API.',
  fields: {
    spec: field(2, apiServiceSpec, { written: true, doc: 'Who serves what.' }),
    status: field(3, apiServiceStatus, { written: true, doc: 'Whether it is served.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  validate: ({ metadata, spec }) => specFaults(spec, metadata.name),
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'Service', type: 'string', description: 'Service that serves the API.', value: ({ spec }) => (spec.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local') },
    { name: 'Available', type: 'string', description: 'Whether it is available.', value: ({ status }) => availableText(status) },
    ageColumn,
  ],
});
export interface APIService extends ObjectOf<typeof APIServices> {}
