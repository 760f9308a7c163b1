// IngressClass: which controller takes care of Ingresses that name it. (upstream: pkg/apis/networking/validation/validation.go, ValidateIngressClass)
import { child, forbidden, notSupported, required, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, object, string, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { domainPrefixedPathFaults, immutableFaults, labelFaults } from '../value-faults.ts';
import { typedReferenceFaults } from './references.ts';

const networking = 'io.k8s.api.networking.v1';
const longestController = 250;

export const ingressClassParametersReference = object('IngressClassParametersReference', {
  apiGroup: string(1, { pointer: true, doc: 'API group of the object; core when absent.' }),
  kind: string(2, { required: true, unchecked: true, doc: 'Kind of the object.' }),
  name: string(3, { required: true, unchecked: true, doc: 'Name of the object.' }),
  scope: string(4, { pointer: true, written: true, default: 'Cluster', doc: 'Whether the object is of the Cluster or a Namespace.' }),
  namespace: string(5, { pointer: true, doc: 'Namespace of the object, for scope Namespace.' }),
}, {
  package: networking, doc: 'An object with settings for the controller.',
  validate: (reference, path) => {
    const { scope, namespace } = reference;
    const at = child(path, 'namespace');
    const faults = typedReferenceFaults(reference, path);
    if (scope !== 'Cluster' && scope !== 'Namespace') faults.push(notSupported(child(path, 'scope'), scope, ['Cluster', 'Namespace']));
    if (scope === 'Namespace') faults.push(...(namespace ? labelFaults(namespace, at) : [required(at, "`parameters.scope` is set to 'Namespace'")]));
    if (scope === 'Cluster' && namespace !== undefined) faults.push(forbidden(at, "`parameters.scope` is set to 'Cluster'"));
    return faults;
  },
});

export const ingressClassSpec = object('IngressClassSpec', {
  controller: string(1, { doc: 'The controller, for example example.com/ingress.' }),
  parameters: field(2, ingressClassParametersReference, { doc: 'An object with settings for the controller.' }),
}, { package: networking, doc: 'The class as it is wanted.' });
export interface IngressClassSpec extends FieldsValue<typeof ingressClassSpec.fields> {}

const controllerFaults = ({ controller = '' }: IngressClassSpec, old: IngressClassSpec | undefined): Fault[] => [
  ...(controller.length > longestController ? [tooLong('spec.controller', controller, longestController)] : []),
  ...domainPrefixedPathFaults(controller, 'spec.controller'),
  ...(old ? immutableFaults(controller, old.controller ?? '', 'spec.controller') : []),
];

const parametersText = ({ parameters }: IngressClassSpec): string =>
  (parameters ? `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}` : '<none>');

export const IngressClasses = defineResource({
  group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', plural: 'ingressclasses', scope: 'Cluster',
  doc: 'Which controller takes care of the Ingresses that name it.',
  fields: { spec: field(2, ingressClassSpec, { written: true, doc: 'The class as it is wanted.' }) },
  generation: true,
  validate: ({ spec }, old) => controllerFaults(spec, old?.spec),
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', description: 'The controller.', value: ({ spec }) => spec.controller ?? '' },
    { name: 'Parameters', type: 'string', description: 'The object with settings.', value: ({ spec }) => parametersText(spec) },
    ageColumn,
  ],
});
export interface IngressClass extends ObjectOf<typeof IngressClasses> {}
