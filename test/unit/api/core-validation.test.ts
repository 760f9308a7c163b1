// Core kinds beside Pods and Services: what create, update and status refuse, and what they fill in.
import { ConfigMaps } from '../../../src/api/core/config-map.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Events } from '../../../src/api/core/event.ts';
import { Namespaces } from '../../../src/api/core/namespace.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { Secrets } from '../../../src/api/core/secret.ts';
import { Events as NewEvents, fromCoreEvent, toCoreEvent } from '../../../src/api/events/event.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { created, createFaults, statusFaults, updated, updateFaults } from './writing.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const configKey = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const immutable = 'Forbidden: field is immutable when `immutable` is set';
const eventTime = '2026-01-01T00:00:00.000000Z';
const newEvent = { eventTime, reportingController: 'example.com/c', reportingInstance: 'i', action: 'Do', reason: 'R', regarding: { kind: 'Pod', name: 'p', namespace: 'default' }, note: 'n', type: 'Normal' };

describe('create', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['config map', ConfigMaps, { data: { 'a.b': 'x' }, binaryData: { c: base64('x') } }, []],
    ['config map keys', ConfigMaps, { data: { 'a b': '' }, binaryData: { '..': '' } }, [`data[a b]: Invalid value: "a b": ${configKey}`, "binaryData[..]: Invalid value: \"..\": must not be '..'"]],
    ['config map key twice', ConfigMaps, { data: { a: '' }, binaryData: { a: '' } }, ['data[a]: Invalid value: "a": duplicate of key present in binaryData']],
    ['config map of 1 MiB', ConfigMaps, { data: { a: 'x'.repeat(1024 * 1024) } }, []],
    ['config map too large', ConfigMaps, { data: { a: 'x'.repeat(1024 * 1024) }, binaryData: { b: base64('y') } }, ['[]: Too long: may not be more than 1048576 bytes']],
    ['secret', Secrets, { stringData: { a: 'x' } }, []],
    ['secret keys', Secrets, { data: { 'a/b': '' } }, [`data[a/b]: Invalid value: "a/b": ${configKey}`]],
    ['secret too large', Secrets, { stringData: { a: 'x'.repeat(1024 * 1024 + 1) } }, ['data: Too long: may not be more than 1048576 bytes']],
    ['secret tls', Secrets, { type: 'kubernetes.io/tls' }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    ['secret tls, empty', Secrets, { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } }, []],
    ['secret basic auth', Secrets, { type: 'kubernetes.io/basic-auth' }, ['data[username]: Required value', 'data[password]: Required value']],
    ['secret basic auth, half', Secrets, { type: 'kubernetes.io/basic-auth', stringData: { password: 'p' } }, []],
    ['secret ssh', Secrets, { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }, ['data[ssh-privatekey]: Required value']],
    ['secret token', Secrets, { type: 'kubernetes.io/service-account-token' }, ['metadata.annotations[kubernetes.io/service-account.name]: Required value']],
    ['secret docker', Secrets, { type: 'kubernetes.io/dockerconfigjson' }, ['data[.dockerconfigjson]: Required value']],
    ['secret docker, not JSON', Secrets, { type: 'kubernetes.io/dockercfg', stringData: { '.dockercfg': 'hunter2' } }, ['data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character \'h\' looking for beginning of value']],
    ['secret docker, JSON', Secrets, { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{"auths":{}}' } }, []],
    ['namespace', Namespaces, {}, []],
    ['namespace finalizers', Namespaces, { spec: { finalizers: ['example.com/x', 'odd'] } }, ['spec.finalizers: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified']],
    ['namespace name', Namespaces, { metadata: { name: 'a.b' } }, ['metadata.name: Invalid value: "a.b": must not contain dots']],
    ['node', Nodes, { spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoExecute' }] } }, []],
    ['node taints', Nodes, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoSchedule' }, { key: 'b' }, { key: 'c', effect: 'Maybe' }] } }, [
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair', 'metadata.taints[2].effect: Required value',
      'metadata.taints[3].effect: Unsupported value: "Maybe": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']],
    ['node ranges', Nodes, { spec: { podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] } }, ['spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family', 'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"']],
    ['node range', Nodes, { spec: { podCIDR: 'x' } }, ['spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['endpoints', Endpoints, { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }, []],
    ['endpoints, empty subset', Endpoints, { subsets: [{ ports: [{ port: 80 }] }] }, ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`']],
    ['endpoints addresses', Endpoints, { subsets: [{ addresses: [{ ip: 'x' }, { ip: '127.0.0.1' }], notReadyAddresses: [{ ip: '169.254.1.1' }, { ip: '::' }] }] }, [
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      'subsets[0].addresses[1].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)', 'subsets[0].notReadyAddresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      'subsets[0].notReadyAddresses[1].ip: Invalid value: "::": may not be unspecified (::)']],
    ['endpoints ports', Endpoints, { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 0, name: 'a' }, { port: 80, protocol: 'X' }] }] }, [
      'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive', 'subsets[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"', 'subsets[0].ports[1].name: Required value']],
    ['event', Events, { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, type: 'Normal' }, []],
    ['event elsewhere', Events, { involvedObject: { namespace: 'other' } }, ['involvedObject.namespace: Invalid value: "other": does not match event.namespace']],
    ['event of a cluster object', Events, { metadata: { namespace: 'other' }, involvedObject: { kind: 'Node' } }, ['involvedObject.namespace: Invalid value: "": does not match event.namespace']],
    ['event with a time', Events, { involvedObject: { namespace: 'default' }, eventTime, reportingInstance: 'x'.repeat(129), message: 'm'.repeat(1025), reportingComponent: 'a' }, [
      'reportingInstance: Invalid value: "": can have at most 128 characters', 'action: Required value', 'reason: Required value', 'message: Invalid value: "": can have at most 1024 characters']],
    ['newer event', NewEvents, newEvent, []],
    ['newer event, old fields', NewEvents, { ...newEvent, type: 'Odd', deprecatedCount: 1, deprecatedFirstTimestamp: '2026-01-01T00:00:00Z', deprecatedSource: { component: 'c' }, series: { count: 1 } }, [
      'series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value', 'type: Invalid value: "": has invalid value: Odd', 'firstTimestamp: Invalid value: "": needs to be unset',
      'count: Invalid value: "": needs to be unset', 'source: Invalid value: "": needs to be unset']],
    ['newer event without a time', NewEvents, { regarding: { namespace: 'default' }, type: 'Normal' }, ['eventTime: Required value']],
  ])('%s', (_name, resource, object, faults) => {
    expect(createFaults(resource, object)).toEqual(faults);
  });
});

describe('update', () => {
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['config map', ConfigMaps, { data: { a: '1' } }, { data: { a: '2' }, immutable: true }, []],
    ['frozen config map', ConfigMaps, { immutable: true, data: { a: '1' } }, { data: { a: '2' }, binaryData: { b: '' } }, [`immutable: ${immutable}`, `data: ${immutable}`, `binaryData: ${immutable}`]],
    ['frozen config map, metadata', ConfigMaps, { immutable: true, data: { a: '1' } }, { metadata: { labels: { a: 'b' } }, immutable: true, data: { a: '1' } }, []],
    ['frozen secret', Secrets, { immutable: true, data: { a: '' } }, { immutable: true, stringData: { a: 'x' } }, [`data: ${immutable}`]],
    ['secret type', Secrets, { type: 'a' }, { type: 'b' }, ['type: Invalid value: "b": field is immutable']],
    ['node ranges', Nodes, { spec: { podCIDR: '10.0.0.0/24', providerID: 'p' } }, { spec: { podCIDR: '10.0.1.0/24' } }, [
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid', 'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid']],
    ['node ranges, first', Nodes, {}, { spec: { podCIDR: '10.0.1.0/24', providerID: 'p', unschedulable: true } }, []],
    ['newer event', NewEvents, newEvent, { ...newEvent, note: 'other', series: { count: 2, lastObservedTime: eventTime } }, ['message: Invalid value: "other": field is immutable']],
    ['event', Events, { involvedObject: { namespace: 'default' }, message: 'a' }, { involvedObject: { namespace: 'default' }, message: 'b', count: 2 }, []],
  ])('%s', (_name, resource, before, after, faults) => {
    expect(updateFaults(resource, before, after)).toEqual(faults);
  });
});

describe('status', () => {
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['namespace', Namespaces, {}, { phase: 'Active' }, []],
    ['namespace ending', Namespaces, {}, { phase: 'Terminating' }, ["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"]],
    ['node', Nodes, {}, { capacity: { cpu: '2', 'example.com/gpu': '1' }, addresses: [{ type: 'InternalIP', address: 'a' }, { type: 'InternalIP', address: 'b' }] }, []],
    ['node resources', Nodes, {}, { capacity: { cpu: '-1', pods: '1500m' } }, [
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0', 'status.capacity.pods: Invalid value: "1500m": must be an integer',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0', 'status.allocatable.pods: Invalid value: "1500m": must be an integer']],
    ['node addresses', Nodes, {}, { addresses: [{ type: 'Hostname', address: 'a' }, { type: 'Hostname', address: 'a' }] }, ['status.addresses[1]: Duplicate value: {"type":"Hostname","address":"a"}']],
  ])('%s', (_name, resource, before, status, faults) => {
    expect(statusFaults(resource, before, status)).toEqual(faults);
  });
});

describe('what is filled in', () => {
  it('namespace: its name as a label, its finalizer, its phase', () => {
    expect(created(Namespaces, { metadata: { labels: { a: 'b' } }, spec: { finalizers: ['a/b'] } })).toMatchObject({ metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'x' } }, spec: { finalizers: ['a/b', 'kubernetes'] }, status: { phase: 'Active' } });
  });
  it('namespace: an update keeps the finalizers', () => {
    expect(updated(Namespaces, {}, created(Namespaces, {}))['spec']).toEqual({ finalizers: ['kubernetes'] });
  });
  it('secret: text becomes data, which wins nothing over it', () => {
    const secret = created(Secrets, { data: { a: base64('old'), b: base64('b') }, stringData: { a: 'new' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: base64('new'), b: base64('b') } });
    expect(secret).not.toHaveProperty('stringData');
  });
  it('node: the old and the new range, and what can be allocated', () => {
    expect(created(Nodes, { spec: { podCIDR: '10.0.0.0/24' } })['spec']).toEqual({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] });
    expect(created(Nodes, { spec: { podCIDRs: ['10.0.0.0/24'] } })['spec']).toEqual({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] });
    expect(created(Nodes, { status: { capacity: { cpu: '1.0001', memory: '1Gi' } } })['status']).toMatchObject({ capacity: { cpu: '1001m' }, allocatable: { cpu: '1001m', memory: '1Gi' } });
  });
  it('events: both forms say the same', () => {
    const event = created(NewEvents, { ...newEvent, series: { count: 2, lastObservedTime: eventTime }, deprecatedCount: 3, related: { kind: 'Node', name: 'n' } });
    const core = toCoreEvent(event as never);
    expect(core).toMatchObject({ apiVersion: 'v1', involvedObject: newEvent.regarding, message: 'n', reportingComponent: 'example.com/c', count: 3, firstTimestamp: null, source: {} });
    expect(fromCoreEvent(core)).toEqual(event);
    expect(Object.keys(fromCoreEvent(core))).toEqual(Object.keys(event));
  });
});

it('field selectors', () => {
  const event = created(Events, { involvedObject: { kind: 'Pod', namespace: 'default', fieldPath: 'f' }, reason: 'R', type: 'Warning', reportingComponent: 'c' });
  const values = (resource: ResourceDefinition, object: object): Record<string, string> => Object.fromEntries(Object.entries(resource.selectable).map(([name, value]) => [name, value(object)]));
  expect(values(Events, event)).toEqual({
    'involvedObject.kind': 'Pod', 'involvedObject.namespace': 'default', 'involvedObject.name': '', 'involvedObject.uid': '', 'involvedObject.apiVersion': '', 'involvedObject.resourceVersion': '', 'involvedObject.fieldPath': 'f',
    reason: 'R', reportingComponent: 'c', source: 'c', type: 'Warning',
  });
  expect(values(NewEvents, created(NewEvents, newEvent))).toMatchObject({ 'regarding.name': 'p', 'regarding.uid': '', reason: 'R', reportingController: 'example.com/c', type: 'Normal' });
  expect(values(Nodes, created(Nodes, {}))).toEqual({ 'spec.unschedulable': 'false' });
  expect(values(Secrets, created(Secrets, {}))).toEqual({ type: 'Opaque' });
  expect(values(Namespaces, created(Namespaces, {}))).toEqual({ 'status.phase': 'Active' });
});
