// What objects count for in quotas, and which scopes Pods are in.
import { quotaEvaluatorOf, usageOf } from '../../../../src/api/core/quota-usage.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const head = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: null } };
const kind = (plural: string, group = '', namespaced = true) => ({ group, plural, namespaced });
const usage = (of: ReturnType<typeof kind>, object: object): unknown => quotaEvaluatorOf(of)!.usage({ ...head, ...object } as ApiObject, now);
const container = (requests: object, limits: object = {}, extra: object = {}) => ({ name: 'c', resources: { requests, limits }, ...extra });

describe('an object counts', () => {
  it.each<[what: string, of: ReturnType<typeof kind>, object: object, used: object]>([
    ['as one of its kind', kind('deployments', 'apps'), {}, { 'count/deployments.apps': '1' }],
    ['under its old name too', kind('configmaps'), {}, { 'count/configmaps': '1', configmaps: '1' }],
    ['a Service of node ports, with all its ports', kind('services'), { spec: { type: 'NodePort', ports: [{}, {}] } }, { 'count/services': '1', services: '1', 'services.nodeports': '2', 'services.loadbalancers': '0' }],
    ['a balancer without node ports, with those it names', kind('services'), { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ nodePort: 30000 }, {}] } }, { 'count/services': '1', services: '1', 'services.nodeports': '1', 'services.loadbalancers': '1' }],
    ['a claim, also by its class', kind('persistentvolumeclaims'), { spec: { storageClassName: 'gold', resources: { requests: { storage: '1500m' } } } },
      { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1', 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1', 'requests.storage': '2', 'gold.storageclass.storage.k8s.io/requests.storage': '2' }],
    ['a claim that grows, with what is set aside', kind('persistentvolumeclaims'), { spec: { resources: { requests: { storage: '1Gi' } } }, status: { allocatedResources: { storage: '2Gi' } } },
      { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1', 'requests.storage': '2Gi' }],
    ['a Pod, with requests and limits of all its containers and its overhead', kind('pods'), { spec: { overhead: { cpu: '50m', memory: '1Mi' }, containers: [container({ cpu: '100m' }, { cpu: '1' }), container({ cpu: '0.2', 'example.com/gpu': '2' })] } },
      { 'count/pods': '1', pods: '1', cpu: '350m', 'requests.cpu': '350m', memory: '1Mi', 'requests.memory': '1Mi', 'requests.example.com/gpu': '2', 'limits.cpu': '1050m' }],
    ['a Pod by the peak of its init containers', kind('pods'), { spec: { containers: [container({ cpu: '1' })], initContainers: [container({ cpu: '500m' }, {}, { restartPolicy: 'Always' }), container({ cpu: '2' })] } },
      { 'count/pods': '1', pods: '1', cpu: '2500m', 'requests.cpu': '2500m' }],
    ['a finished Pod, by its place alone', kind('pods'), { spec: { containers: [container({ cpu: '1' })] }, status: { phase: 'Failed' } }, { 'count/pods': '1' }],
    ['a Pod that should be gone, by its place alone', kind('pods'), { metadata: { ...head.metadata, deletionTimestamp: '2029-12-31T23:59:00Z', deletionGracePeriodSeconds: 30 }, spec: { containers: [] } }, { 'count/pods': '1' }],
  ])('%s', (_what, of, object, used) => { expect(usage(of, object)).toEqual(used); });
  it.each([kind('events'), kind('events', 'events.k8s.io'), kind('nodes', '', false)])('not at all: $plural', (of) => { expect(quotaEvaluatorOf(of)).toBeUndefined(); });
});

describe('the scopes of a quota', () => {
  const quota = (spec: object) => ({ spec: { hard: { pods: '9' }, ...spec } }) as never;
  const pod = (spec: object): ApiObject => ({ ...head, spec: { containers: [{ name: 'c' }], ...spec } });
  const priority = (operator: string, ...values: string[]) => ({ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] } });
  const across = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaceSelector: {} }] } } };
  it.each<[what: string, spec: object, pod: object, counts: boolean]>([
    ['no scope', {}, {}, true],
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 0 }, true],
    ['Terminating, without a deadline', { scopes: ['Terminating'] }, {}, false],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, true],
    ['BestEffort', { scopes: ['BestEffort'] }, {}, true],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, {}, false],
    ['all of several', { scopes: ['BestEffort', 'Terminating'] }, {}, false],
    ['CrossNamespacePodAffinity', { scopes: ['CrossNamespacePodAffinity'] }, across, true],
    ['CrossNamespacePodAffinity, within', { scopes: ['CrossNamespacePodAffinity'] }, {}, false],
    ['a class among several', priority('In', 'a', 'b'), { priorityClassName: 'b' }, true],
    ['a class, and none', priority('In', 'a'), {}, false],
    ['none of the classes', priority('NotIn', 'a'), {}, true],
    ['any class', priority('Exists'), { priorityClassName: 'z' }, true],
    ['no class', priority('DoesNotExist'), { priorityClassName: 'z' }, false],
  ])('%s', (_what, spec, given, counts) => {
    expect(usageOf(quota(spec), quotaEvaluatorOf(kind('pods'))!, [pod(given)], now)).toEqual({ pods: counts ? '1' : '0' });
  });
  it('have no other kinds in them', () => {
    expect(usageOf({ spec: { hard: { configmaps: '1' }, scopes: ['BestEffort'] } } as never, quotaEvaluatorOf(kind('configmaps'))!, [head as ApiObject], now)).toEqual({ configmaps: '0' });
  });
});
