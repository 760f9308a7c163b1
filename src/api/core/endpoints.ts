// Endpoints: the addresses behind a Service, in one object; EndpointSlices came after it.
// upstream: pkg/apis/core/validation/validation.go (ValidateEndpoints), pkg/printers/internalversion/printers.go (formatEndpoints)
import { child, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isValidIP } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, object, string, type FieldsValue } from '../../schema/schema.ts';
import { addressWarnings } from '../address-warnings.ts';
import { ageColumn, firstThree, nameColumn } from '../table-columns.ts';
import { objectReference } from './references.ts';
import { portProtocols } from './service-spec.ts';
import { specialAddressFaults } from './special-addresses.ts';

export const endpointAddress = object('EndpointAddress', {
  ip: string(1, { required: true, unchecked: true, doc: 'The address; not a loopback, link-local or multicast one.' }),
  hostname: string(3, { format: 'dns1123Label', doc: 'Host name of the endpoint.' }),
  nodeName: string(4, { pointer: true, format: 'dns1123Subdomain', doc: 'Node the endpoint is on.' }),
  targetRef: field(2, objectReference, { doc: 'What the address belongs to, usually a Pod.' }),
}, {
  atomic: true, doc: 'One address behind a Service.',
  validate: ({ ip }, path) => [...isValidIP(ip).map((message) => invalid(child(path, 'ip'), ip, message)), ...specialAddressFaults(ip, child(path, 'ip'))],
});
export interface EndpointAddress extends FieldsValue<typeof endpointAddress.fields> {}

export const endpointPort = object('EndpointPort', {
  name: string(1, { format: 'dns1123Label', doc: 'Name of the Service\'s port; needed when there are several.' }),
  port: int32(2, { required: true, minimum: 1, maximum: 65535, doc: 'Port number.' }),
  protocol: string(3, { default: 'TCP', enum: portProtocols, doc: 'TCP, UDP or SCTP.' }),
  appProtocol: string(4, { pointer: true, format: 'qualifiedName', doc: 'What is spoken on the port.' }),
}, { atomic: true, doc: 'One port behind a Service.' });
export interface EndpointPort extends FieldsValue<typeof endpointPort.fields> {}

export const endpointSubset = object('EndpointSubset', {
  addresses: array(1, endpointAddress, { listType: 'atomic', doc: 'Addresses that are ready.' }),
  notReadyAddresses: array(2, endpointAddress, { listType: 'atomic', doc: 'Addresses that are not.' }),
  ports: array(3, endpointPort, { listType: 'atomic', doc: 'Ports that each of the addresses has.' }),
}, {
  doc: 'Addresses with the same ports.',
  validate: ({ addresses, notReadyAddresses, ports = [] }, path) => {
    const faults: Fault[] = [];
    if (!addresses?.length && !notReadyAddresses?.length) faults.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
    if (ports.length > 1) ports.forEach(({ name }, i) => { if (!name) faults.push(required(`${path}.ports[${i}].name`)); });
    return faults;
  },
});
export interface EndpointSubset extends FieldsValue<typeof endpointSubset.fields> {}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

function endpointsText(subsets: readonly EndpointSubset[] | undefined): string {
  if (!subsets?.length) return '<none>';
  return firstThree(subsets.flatMap(({ addresses, ports }) => {
    const ips = (addresses ?? []).map(({ ip }) => ip);
    return ports?.length ? ports.flatMap(({ port }) => ips.map((ip) => hostPort(ip, port))) : ips;
  }), '');
}

export const Endpoints = defineResource({
  group: '', version: 'v1', kind: 'Endpoints', plural: 'endpoints', singular: 'endpoints', shortNames: ['ep'], scope: 'Namespaced',
  doc: 'The addresses and ports behind the Service of the same name.',
  fields: {
    subsets: array(2, endpointSubset, { listType: 'atomic', doc: 'All addresses, grouped by their ports.' }),
  },
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  warnings: ({ subsets }) => (subsets ?? []).flatMap((subset, i) => (['addresses', 'notReadyAddresses'] as const)
    .flatMap((list) => (subset[list] ?? []).flatMap(({ ip }, j) => addressWarnings(child(index(child(index('subsets', i), list), j), 'ip'), ip)))),
  columns: [
    nameColumn,
    { name: 'Endpoints', type: 'string', description: 'The first addresses that are ready.', value: ({ subsets }) => endpointsText(subsets) },
    ageColumn,
  ],
});
export interface Endpoints extends ObjectOf<typeof Endpoints> {}
