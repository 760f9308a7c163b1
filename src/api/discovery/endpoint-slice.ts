// EndpointSlice: a part of the endpoints behind a Service, of one address family.
// upstream: pkg/apis/discovery/validation/validation.go, pkg/apis/discovery/v1/defaults.go
import { child, duplicate, index, invalid, required, tooMany, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Label, isDNS1123Subdomain, isValidIPv4Address, isValidIPv6Address, isValidLabelValue } from '../../apimachinery/names.ts';
import { validateLabels } from '../../schema/metadata-validation.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, int32, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { addressWarnings } from '../address-warnings.ts';
import { equalJson } from '../../util/json.ts';
import { objectReference } from '../core/references.ts';
import { portProtocols } from '../core/service-spec.ts';
import { specialAddressFaults } from '../core/special-addresses.ts';
import { ageColumn, firstThree, nameColumn } from '../table-columns.ts';

const discovery = 'io.k8s.api.discovery.v1';
const maximum = { endpoints: 1000, addresses: 100, ports: 20000, topologyLabels: 16, hints: 8 };

/** Label that names the Service a slice belongs to. */
export const serviceNameLabel = 'kubernetes.io/service-name';
/** Label that names the controller or person that keeps a slice. */
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

export const endpointConditions = object('EndpointConditions', {
  ready: boolean(1, { pointer: true, doc: 'Whether the endpoint takes traffic; absent is yes.' }),
  serving: boolean(2, { pointer: true, doc: 'Whether the endpoint answers, even while it terminates; absent is the same as ready.' }),
  terminating: boolean(3, { pointer: true, doc: 'Whether the endpoint is being deleted; absent is no.' }),
}, { package: discovery, doc: 'State of an endpoint.' });
export interface EndpointConditions extends FieldsValue<typeof endpointConditions.fields> {}

export const forZone = object('ForZone', { name: string(1, { required: true, unchecked: true, doc: 'Name of the zone.' }) }, { package: discovery, doc: 'A zone that should use an endpoint.' });
export const forNode = object('ForNode', { name: string(1, { required: true, unchecked: true, doc: 'Name of the node.' }) }, { package: discovery, doc: 'A node that should use an endpoint.' });

function hintFaults(hints: readonly { name: string }[], path: string, check: (name: string) => string[]): Fault[] {
  if (hints.length > maximum.hints) return [tooMany(path, hints.length, maximum.hints)];
  const names = hints.map(({ name }) => name);
  return names.flatMap((name, i) => {
    const at = child(index(path, i), 'name');
    return [...(names.indexOf(name) < i ? [duplicate(at, name)] : []), ...check(name).map((message) => invalid(at, name, message))];
  });
}

export const endpointHints = object('EndpointHints', {
  forZones: array(1, forZone, { listType: 'atomic', doc: 'Zones that should use the endpoint.' }),
  forNodes: array(2, forNode, { listType: 'atomic', doc: 'Nodes that should use the endpoint.' }),
}, {
  package: discovery, doc: 'Who should use an endpoint.',
  validate: ({ forZones = [], forNodes = [] }, path) => [...hintFaults(forZones, child(path, 'forZones'), isValidLabelValue), ...hintFaults(forNodes, child(path, 'forNodes'), isDNS1123Subdomain)],
});

export const endpoint = object('Endpoint', {
  addresses: array(1, types.string, { required: true, unchecked: true, listType: 'set', doc: 'Addresses of the endpoint; they may be used in any order.' }),
  conditions: field(2, endpointConditions, { written: true, doc: 'State of the endpoint.' }),
  hostname: string(3, { pointer: true, doc: 'Host name of the endpoint.', validate: (value, path) => isDNS1123Label(value).map((message) => invalid(path, value, message)) }),
  targetRef: field(4, objectReference, { doc: 'What the endpoint is, usually a Pod.' }),
  deprecatedTopology: map(5, types.string, { doc: 'No longer used.', validate: topologyFaults }),
  nodeName: string(6, { pointer: true, format: 'dns1123Subdomain', doc: 'Node the endpoint is on.' }),
  zone: string(7, { pointer: true, doc: 'Zone the endpoint is in.' }),
  hints: field(8, endpointHints, { doc: 'Who should use the endpoint.' }),
}, { package: discovery, doc: 'One endpoint behind a Service.' });
export interface Endpoint extends FieldsValue<typeof endpoint.fields> {}

function topologyFaults(labels: Record<string, string>, path: string): Fault[] {
  const count = Object.keys(labels).length;
  return [...(count > maximum.topologyLabels ? [tooMany(path, count, maximum.topologyLabels)] : []), ...validateLabels(labels, path)];
}

export const endpointPort = object('EndpointPort', {
  name: string(1, { pointer: true, default: '', format: 'dns1123Label', doc: 'Name of the port, unique in the slice; may be empty.' }),
  protocol: string(2, { pointer: true, default: 'TCP', enum: portProtocols, doc: 'TCP, UDP or SCTP.' }),
  port: int32(3, { pointer: true, doc: 'Port number; absent means any, which only consumers that know more can use.' }),
  appProtocol: string(4, { pointer: true, format: 'qualifiedName', doc: 'What is spoken on the port.' }),
}, { package: discovery, atomic: true, doc: 'One port all endpoints of a slice have.' });
export interface EndpointPort extends FieldsValue<typeof endpointPort.fields> {}

function fullyQualifiedNameFaults(name: string, path: string): Fault[] {
  if (name === '') return [required(path)];
  const bare = name.replace(/\.$/, '');
  const problems = isDNS1123Subdomain(bare);
  if (problems.length) return [invalid(path, bare, problems.join(','))];
  const labels = bare.split('.');
  if (labels.length < 2) return [invalid(path, bare, 'should be a domain with at least two segments separated by dots')];
  return labels.flatMap((label) => isDNS1123Label(label).map((message) => invalid(path, label, message)));
}

function addressFaults(type: string, address: string, path: string): Fault[] {
  if (type === 'FQDN') return fullyQualifiedNameFaults(address, path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const problems = (type === 'IPv4' ? isValidIPv4Address : isValidIPv6Address)(address);
  return [...problems.map((message) => invalid(path, address, message)), ...specialAddressFaults(address, path)];
}

function endpointFaults(addressType: string, endpoints: readonly Endpoint[]): Fault[] {
  if (endpoints.length > maximum.endpoints) return [tooMany('endpoints', endpoints.length, maximum.endpoints)];
  return endpoints.flatMap(({ addresses }, i) => {
    const path = child(index('endpoints', i), 'addresses');
    if (!addresses?.length) return [required(path, 'must contain at least 1 address')];
    return [...(addresses.length > maximum.addresses ? [tooMany(path, addresses.length, maximum.addresses)] : []), ...addresses.flatMap((address, a) => addressFaults(addressType, address, index(path, a)))];
  });
}

function portFaults(ports: readonly EndpointPort[]): Fault[] {
  if (ports.length > maximum.ports) return [tooMany('ports', ports.length, maximum.ports)];
  const names = new Set<string>();
  return ports.flatMap(({ name }, i) => {
    const taken = names.has(name);
    names.add(name);
    return taken ? [duplicate(child(index('ports', i), 'name'), name)] : [];
  });
}

/** What was known before nodeName and zone is not kept, nor what only nodes of another release would follow. (upstream: pkg/registry/discovery/endpointslice/strategy.go) */
function dropUnused(one: Endpoint): void {
  delete one.deprecatedTopology;
  if (!one.hints?.forNodes) return;
  delete one.hints.forNodes;
  if (!one.hints.forZones) delete one.hints;
}

const portText = ({ port, name }: EndpointPort): string => (port === undefined ? name || '*' : String(port));

export const EndpointSlices = defineResource({
  group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', scope: 'Namespaced',
  doc: 'A part of the endpoints behind a Service; all slices of a Service together are its endpoints.',
  fields: {
    addressType: string(4, { required: true, immutable: true, enum: ['FQDN', 'IPv4', 'IPv6'], doc: 'Form of all addresses in the slice: IPv4, IPv6 or FQDN.' }),
    endpoints: array(2, endpoint, { required: true, unchecked: true, listType: 'atomic', doc: 'The endpoints, at most 1000.' }),
    ports: array(3, endpointPort, { written: true, listType: 'atomic', doc: 'Ports each endpoint has; empty when there are none.' }),
  },
  generation: true,
  generationMetadata: ['labels'],
  prepareCreate: ({ endpoints }) => { for (const one of endpoints ?? []) dropUnused(one); },
  prepareUpdate: ({ endpoints }, old) => {
    if (equalJson(endpoints, old.endpoints)) return;
    for (const one of endpoints ?? []) dropUnused(one);
  },
  validate: ({ addressType, endpoints, ports }) => [...endpointFaults(addressType, endpoints ?? []), ...portFaults(ports ?? [])],
  warnings: ({ addressType, endpoints }, old) => (addressType === 'FQDN'
    ? old ? [] : ['spec.addressType: FQDN endpoints are deprecated']
    : (endpoints ?? []).flatMap(({ addresses }, i) => (addresses ?? []).flatMap((address, j) => addressWarnings(index(child(index('endpoints', i), 'addresses'), j), address)))),
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', description: 'Form of the addresses.', value: ({ addressType }) => addressType },
    { name: 'Ports', type: 'string', description: 'The first ports.', value: ({ ports }) => firstThree((ports ?? []).map(portText), '<unset>') },
    { name: 'Endpoints', type: 'string', description: 'The first addresses.', value: ({ endpoints }) => firstThree((endpoints ?? []).flatMap(({ addresses }) => addresses ?? []), '<unset>') },
    ageColumn,
  ],
});
export interface EndpointSlice extends ObjectOf<typeof EndpointSlices> {}
