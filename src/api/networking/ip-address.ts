// IPAddress: says that an address of the Service ranges is taken, and by whom. (upstream: pkg/apis/networking/validation/validation.go, ValidateIPAddress)
import { child, invalid, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { ipVersion, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, object, required, string, type FieldsValue } from '../../schema/schema.ts';
import { nameColumn } from '../table-columns.ts';
import { immutableFaults, messages, segmentFaults } from '../value-faults.ts';
import { canonicalAddress } from './address-range.ts';

const networking = 'io.k8s.api.networking.v1';

export const parentReference = object('ParentReference', {
  group: string(1, { doc: 'API group of the object; empty for core.' }),
  resource: string(2, { required: true, unchecked: true, doc: 'Resource of the object, for example services.' }),
  namespace: string(3, { doc: 'Namespace of the object.' }),
  name: string(4, { required: true, unchecked: true, doc: 'Name of the object.' }),
}, {
  package: networking, doc: 'The object an address belongs to.',
  validate: ({ group, resource, namespace, name }, path) => [
    ...(group ? messages(child(path, 'group'), group, isDNS1123Subdomain(group)) : []),
    ...segmentFaults(resource, child(path, 'resource')), ...segmentFaults(name, child(path, 'name')),
    ...(namespace ? segmentFaults(namespace, child(path, 'namespace')) : []),
  ],
});
type Parent = FieldsValue<typeof parentReference.fields>;

export const ipAddressSpec = object('IPAddressSpec', {
  parentRef: field(1, parentReference, { required: true, pointer: true, unchecked: true, doc: 'The object the address belongs to.' }),
}, { package: networking, doc: 'Whose the address is.' });

function addressFaults(name: string): Fault[] {
  if (!name) return [];
  return ipVersion(name) !== 0 && canonicalAddress(name) === name ? [] : [invalid('metadata.name', name, 'must be a valid IP address in canonical form')];
}

const parentText = (parent: Parent | null): string =>
  (parent ? `${`${parent.resource}${parent.group ? `.${parent.group}` : ''}`.toLowerCase()}${parent.namespace ? `/${parent.namespace}` : ''}/${parent.name}` : '<none>');

export const IPAddresses = defineResource({
  group: 'networking.k8s.io', version: 'v1', kind: 'IPAddress', plural: 'ipaddresses', shortNames: ['ip'], scope: 'Cluster', nameFormat: 'pathSegment',
  doc: 'Says that an address of the Service ranges is taken; its name is the address.',
  fields: { spec: required(2, ipAddressSpec, { doc: 'Whose the address is.' }) },
  validate: ({ metadata, spec }, old) => [
    ...addressFaults(metadata.name), ...(spec.parentRef ? [] : [requiredFault('spec.parentRef')]), ...(old ? immutableFaults(spec.parentRef, old.spec.parentRef, 'spec.parentRef') : []),
  ],
  columns: [nameColumn, { name: 'ParentRef', type: 'string', description: 'The object the address belongs to.', value: ({ spec }) => parentText(spec.parentRef) }],
});
export interface IPAddress extends ObjectOf<typeof IPAddresses> {}
