// Workloads, slices and leases: what create, update and status refuse, and what defaults fill in.
import { ControllerRevisions } from '../../../src/api/apps/controller-revision.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { ReplicaSets } from '../../../src/api/apps/replica-set.ts';
import { Leases } from '../../../src/api/coordination/lease.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { EndpointSlices } from '../../../src/api/discovery/endpoint-slice.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import { created, createFaults, statusFaults, updateFaults } from './writing.ts';

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }] } };
const spec = { selector: { matchLabels: { app: 'x' } }, template };
const mismatch = (labels: string): string => `spec.template.metadata.labels: Invalid value: ${labels}: \`selector\` does not match template \`labels\``;
const negative = (path: string): string => `${path}: Invalid value: -1: must be greater than or equal to 0`;
const rolling = (rollingUpdate: object): object => ({ ...spec, strategy: { rollingUpdate } });
const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'a', port: 80 }] };

describe('create', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['deployment', Deployments, { spec }, []],
    ['deployment without a selector', Deployments, { spec: { template } }, ['spec.selector: Required value', mismatch('{"app":"x"}')]],
    ['deployment with an empty selector', Deployments, { spec: { selector: {}, template } }, ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    ['deployment of others', Deployments, { spec: { ...spec, selector: { matchLabels: { app: 'y' } } } }, [mismatch('{"app":"x"}')]],
    ['deployment with a wrong selector', Deployments, { spec: { template, selector: { matchExpressions: [{ key: 'app', operator: 'Is' }] } } }, [
      'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator', 'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is"}]}: invalid label selector']],
    ['deployment numbers', Deployments, { spec: { ...spec, replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1 } }, [negative('spec.replicas'), negative('spec.minReadySeconds'), negative('spec.revisionHistoryLimit')]],
    ['deployment deadline', Deployments, { spec: { ...spec, minReadySeconds: 600 } }, ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds']],
    ['deployment strategy', Deployments, { spec: { ...spec, strategy: { type: 'Blue' } } }, ['spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate"']],
    ['deployment recreate', Deployments, { spec: { ...spec, strategy: { type: 'Recreate' } } }, []],
    ['deployment recreate, rolling', Deployments, { spec: { ...spec, strategy: { type: 'Recreate', rollingUpdate: {} } } }, [
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]],
    ['deployment rolling nowhere', Deployments, { spec: rolling({ maxSurge: 0, maxUnavailable: '0%' }) }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']],
    ['deployment percent', Deployments, { spec: rolling({ maxSurge: '200%', maxUnavailable: '101%' }) }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']],
    ['deployment amounts', Deployments, { spec: rolling({ maxSurge: 'all', maxUnavailable: -1 }) }, [
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
      "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"all\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]],
    ['deployment of finite Pods', Deployments, { spec: { ...spec, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } } } }, [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"', 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported']],
    ['replica set', ReplicaSets, { spec }, []],
    ['replica set, empty', ReplicaSets, { spec: {} }, ['spec.selector: Required value', mismatch('{}'), 'spec.template.spec.containers: Required value']],
    ['replication controller', ReplicationControllers, { spec: { template } }, []],
    ['replication controller, empty', ReplicationControllers, {}, ['spec.selector: Required value', 'spec.template: Required value']],
    ['replication controller of others', ReplicationControllers, { spec: { selector: { a: 'b' }, template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 5 } } } }, [
      mismatch('{"app":"x"}'), 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported']],
    ['controller revision', ControllerRevisions, { data: { a: 1 }, revision: 1 }, []],
    ['controller revision, empty', ControllerRevisions, { revision: -1 }, [negative('revision'), 'data: Required value: data is mandatory']],
    ['slice', EndpointSlices, slice, []],
    ['slice, empty', EndpointSlices, { addressType: 'IPv4', endpoints: [] }, []],
    ['slice without a type', EndpointSlices, { endpoints: [] }, ['addressType: Required value']],
    ['slice of another type', EndpointSlices, { addressType: 'IP' }, ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"']],
    ['slice addresses', EndpointSlices, { addressType: 'IPv4', endpoints: [{}, { addresses: ['::1'] }, { addresses: ['127.0.0.1'] }] }, [
      'endpoints[0].addresses: Required value: must contain at least 1 address', 'endpoints[1].addresses[0]: Invalid value: "::1": must be a valid IPv4 address',
      'endpoints[1].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)', 'endpoints[2].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    ['slice of names', EndpointSlices, { addressType: 'FQDN', endpoints: [{ addresses: ['example.com.', 'host'] }] }, ['endpoints[0].addresses[1]: Invalid value: "host": should be a domain with at least two segments separated by dots']],
    ['slice size', EndpointSlices, { addressType: 'IPv4', endpoints: Array(1001).fill({ addresses: ['10.0.0.1'] }) }, ['endpoints: Too many: 1001: must have at most 1000 items']],
    ['slice address count', EndpointSlices, { addressType: 'IPv4', endpoints: [{ addresses: Array(101).fill('10.0.0.1') }] }, ['endpoints[0].addresses: Too many: 101: must have at most 100 items']],
    ['slice ports', EndpointSlices, { ...slice, ports: [{ port: 80 }, { protocol: 'X' }, { name: 'A' }] }, [
      'ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"', expect.stringMatching(/^ports\[2\]\.name: Invalid value: "A": a lowercase RFC 1123 label/) as unknown as string, 'ports[1].name: Duplicate value: ""']],
    ['slice endpoints', EndpointSlices, { ...slice, endpoints: [{ addresses: ['10.0.0.1'], hostname: 'a.b', nodeName: 'A', hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }] }, [
      'endpoints[0].hostname: Invalid value: "a.b": must not contain dots', expect.stringMatching(/^endpoints\[0\]\.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain/) as unknown as string,
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"']],
    ['lease', Leases, { spec: { holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 0 } }, []],
    ['lease numbers', Leases, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }, ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0', negative('spec.leaseTransitions')]],
  ])('%s', (_name, resource, object, faults) => {
    expect(createFaults(resource, object)).toEqual(faults);
  });
});

describe('update', () => {
  const other = { selector: { matchLabels: { app: 'y' } }, template: { ...template, metadata: { labels: { app: 'y' } } } };
  it.each<[string, ResourceDefinition, object, object, string[]]>([
    ['deployment', Deployments, { spec }, { spec: { ...spec, replicas: 0, paused: true } }, []],
    ['deployment selector', Deployments, { spec }, { spec: other }, ['spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable']],
    ['deployment selector left out', Deployments, { spec }, { spec: { template } }, ['spec.selector: Required value', mismatch('{"app":"x"}'), 'spec.selector: Invalid value: "null": field is immutable']],
    ['replica set selector', ReplicaSets, { spec }, { spec: other }, ['spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable']],
    ['replication controller selector', ReplicationControllers, { spec: { template } }, { spec: { selector: { app: 'y' }, template: other.template } }, []],
    ['controller revision', ControllerRevisions, { data: { a: 1 }, revision: 1 }, { data: { a: 1 }, revision: 2 }, []],
    ['controller revision data', ControllerRevisions, { data: { a: 1 }, revision: 1 }, { data: { a: 2 }, revision: 1 }, ['data: Invalid value: {"a":2}: field is immutable']],
    ['slice type', EndpointSlices, { ...slice, endpoints: [] }, { ...slice, endpoints: [], addressType: 'IPv6' }, ['addressType: Invalid value: "IPv6": field is immutable']],
    ['slice endpoints', EndpointSlices, slice, { ...slice, endpoints: [{ addresses: ['10.0.0.2'] }] }, []],
  ])('%s', (_name, resource, before, after, faults) => {
    expect(updateFaults(resource, before, after)).toEqual(faults);
  });
});

describe('status', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['deployment', Deployments, { replicas: 2, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 1, unavailableReplicas: 1, collisionCount: 0 }, []],
    ['deployment counts', Deployments, { replicas: 1, updatedReplicas: 2, availableReplicas: 1, unavailableReplicas: -1 }, [
      negative('status.unavailableReplicas'), 'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas', 'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas']],
    ['replica set counts', ReplicaSets, { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 2 }, [
      'status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas', 'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas']],
  ])('%s', (_name, resource, status, faults) => {
    expect(statusFaults(resource, { spec }, status)).toEqual(faults);
  });
  it('the collision count only grows', () => {
    const old = { ...created(Deployments, { spec }), status: { collisionCount: 2 } };
    expect(Deployments.validateStatus!({ ...old, status: { collisionCount: 1 } }, old)).toEqual([{ type: 'Invalid', field: 'status.collisionCount', message: 'Invalid value: 1: cannot be decremented' }]);
    expect(Deployments.validateStatus!(old, old)).toEqual([]);
  });
});

describe('defaults', () => {
  it.each<[string, ResourceDefinition, object, object]>([
    ['deployment', Deployments, { spec }, { spec: { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }, template: { spec: { restartPolicy: 'Always' } } } }],
    ['deployment, part of a strategy', Deployments, { spec: rolling({ maxSurge: 1 }) }, { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' } } } }],
    ['deployment of none', Deployments, { spec: { ...spec, replicas: 0, revisionHistoryLimit: 0 } }, { spec: { replicas: 0, revisionHistoryLimit: 0 } }],
    ['replica set', ReplicaSets, { spec }, { spec: { replicas: 1 }, status: { replicas: 0 } }],
    ['replication controller', ReplicationControllers, { spec: { template } }, { metadata: { labels: { app: 'x' } }, spec: { replicas: 1, selector: { app: 'x' } } }],
    ['slice', EndpointSlices, { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }, { endpoints: [{ conditions: {} }], ports: [{ name: '', protocol: 'TCP', port: 80 }] }],
    ['slice without ports', EndpointSlices, { addressType: 'IPv4' }, { endpoints: null, ports: null }],
  ])('%s', (_name, resource, object, expected) => {
    expect(created(resource, object)).toMatchObject(expected);
  });
  it('a strategy without rolling has none', () => {
    expect((created(Deployments, { spec: { ...spec, strategy: { type: 'Recreate' } } })['spec'] as { strategy: object }).strategy).toEqual({ type: 'Recreate' });
  });
});
