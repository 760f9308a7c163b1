// Quotas, limits, priorities and protection of storage objects through the real admission chain and controllers.
import type { StatusError } from '../../src/apimachinery/status-error.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { LimitRanges } from '../../src/api/core/limit-range.ts';
import { PersistentVolumeClaims } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../src/api/core/persistent-volume.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ResourceQuotas } from '../../src/api/core/resource-quota.ts';
import { Services } from '../../src/api/core/service.ts';
import { IngressClasses } from '../../src/api/networking/ingress-class.ts';
import { Ingresses } from '../../src/api/networking/ingress.ts';
import { RuntimeClasses } from '../../src/api/node/runtime-class.ts';
import { PriorityClasses } from '../../src/api/scheduling/priority-class.ts';
import { StorageClasses } from '../../src/api/storage/storage-class.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { refusal } from '../support/refusal.ts';

const namespace = 'default';
const pod = (name: string, spec: object = {}): Draft<Pod> => ({ metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } }) as Draft<Pod>;

let plane: ControlPlane;
beforeEach(async () => { plane = await startControlPlane({ nodes: ['node-1'] }); });
afterEach(() => plane.stop());

async function quota(name: string, hard: Record<string, string>, spec: object = {}): Promise<() => Record<string, string> | undefined> {
  await plane.client.create(ResourceQuotas, { metadata: { name, namespace }, spec: { hard, ...spec } } as never);
  const status = () => plane.informers.informer(ResourceQuotas).get(`${namespace}/${name}`)?.status;
  await plane.until(() => status()?.used && Object.keys(status()!.used!).length === Object.keys(hard).length);
  return () => status()?.used;
}

describe('a quota', () => {
  it('lets exactly as many of many parallel creates pass as there is room for, and has room again when one goes', async () => {
    const used = await quota('q', { pods: '5', 'count/pods': '20' });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => plane.client.create(Pods, pod(`p${i}`))));
    const refused = outcomes.filter((o) => o.status === 'rejected').map((o) => o.reason as StatusError);
    expect(outcomes.length - refused.length).toBe(5);
    expect(new Set(refused.map((e) => `${e.code} ${e.message.replace(/p\d+/, 'P')}`))).toEqual(new Set(['403 pods "P" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5']));
    await plane.until(() => used()?.['pods'] === '5' && used()?.['count/pods'] === '5');
    const [one] = plane.informers.informer(Pods).list(namespace);
    await plane.client.delete(Pods, { namespace, name: one!.metadata.name });
    await plane.until(() => used()?.['pods'] === '4' && used()?.['count/pods'] === '4');
    await plane.client.create(Pods, pod('late'));
  });
  it('is not charged for what is not stored, nor for a dry run', async () => {
    const used = await quota('q', { 'count/configmaps': '10' });
    await plane.client.create(ConfigMaps, { metadata: { name: 'c', namespace } });
    expect((await refusal(plane.client.create(ConfigMaps, { metadata: { name: 'c', namespace } }))).reason).toBe('AlreadyExists');
    await plane.client.transport.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', query: { dryRun: 'All' }, body: { metadata: { name: 'd' } } });
    // kube-root-ca.crt and c
    await plane.until(() => used()?.['count/configmaps'] === '2');
    expect((await plane.client.get(ResourceQuotas, { namespace, name: 'q' })).status.used).toEqual({ 'count/configmaps': '2' });
  });
  it('is counted once more soon after a count, which may have missed what was on its way', async () => {
    const used = await quota('q', { 'count/configmaps': '10' });
    await plane.client.create(ConfigMaps, { metadata: { name: 'c', namespace } });
    await plane.client.delete(ConfigMaps, { namespace, name: 'c' });
    await plane.until(() => used()?.['count/configmaps'] === '1');
    await plane.client.patch(ResourceQuotas, { namespace, name: 'q' }, { status: { used: { 'count/configmaps': '0' } } }, { subresource: 'status' });
    await plane.until(() => used()?.['count/configmaps'] === '0');
    await plane.until(() => used()?.['count/configmaps'] === '1', 'the second count', 5_000);
  });
  it('of compute resources wants every container to name them', async () => {
    await quota('q', { 'requests.cpu': '1', 'limits.memory': '1Gi' });
    expect((await refusal(plane.client.create(Pods, pod('p')))).message).toBe('pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c');
    const asking = (name: string) => pod(name, { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '600m' }, limits: { memory: '600Mi' } } }] });
    await plane.client.create(Pods, asking('a'));
    expect((await refusal(plane.client.create(Pods, asking('b')))).message).toBe('pods "b" is forbidden: exceeded quota: q, requested: limits.memory=600Mi,requests.cpu=600m, used: limits.memory=600Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1');
  });
  it('of Services charges a change of type with the difference', async () => {
    const used = await quota('q', { services: '5', 'services.nodeports': '1' });
    const ports = [{ name: 'a', port: 80 }, { name: 'b', port: 81 }];
    await plane.client.create(Services, { metadata: { name: 's', namespace }, spec: { ports } } as never);
    const error = await refusal(plane.client.patch(Services, { namespace, name: 's' }, { spec: { type: 'NodePort' } }));
    expect(error.message).toBe('services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1');
    // `kubernetes` is no Service of this control plane.
    await plane.until(() => used()?.['services'] === '1');
  });
  it('of a scope leaves other Pods alone', async () => {
    await quota('q', { pods: '0' }, { scopes: ['Terminating'] });
    await plane.client.create(Pods, pod('p'));
    expect((await refusal(plane.client.create(Pods, pod('short', { activeDeadlineSeconds: 5 })))).message).toContain('exceeded quota: q');
  });
});

describe('admission of Pods', () => {
  it('applies a LimitRange before quotas look', async () => {
    await quota('q', { 'limits.cpu': '1' });
    await plane.client.create(LimitRanges, { metadata: { name: 'l', namespace }, spec: { limits: [{ type: 'Container', max: { cpu: '600m' } }] } } as never);
    const made = await plane.client.create(Pods, pod('p'));
    expect(made.spec.containers[0]!.resources).toEqual({ limits: { cpu: '600m' }, requests: { cpu: '600m' } });
    expect((await refusal(plane.client.create(Pods, pod('q', { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '2' } } }] })))).message).toBe('pods "q" is forbidden: maximum cpu usage per Container is 600m, but limit is 2');
  });
  it('takes priority and policy from the class, named or default', async () => {
    await plane.client.create(PriorityClasses, { metadata: { name: 'calm' }, value: 7, globalDefault: true, preemptionPolicy: 'Never' });
    expect((await plane.client.create(Pods, pod('a'))).spec).toMatchObject({ priorityClassName: 'calm', priority: 7, preemptionPolicy: 'Never' });
    expect((await plane.client.create(Pods, pod('b', { priorityClassName: 'system-node-critical' }))).spec).toMatchObject({ priority: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' });
    expect((await refusal(plane.client.create(Pods, pod('c', { preemptionPolicy: 'PreemptLowerPriority' })))).message).toBe('pods "c" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name');
    expect((await refusal(plane.client.create(PriorityClasses, { metadata: { name: 'other' }, value: 1, globalDefault: true }))).message).toBe('priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass calm is already marked as default. Only one default can exist');
  });
  it('adds what the RuntimeClass needs', async () => {
    await plane.client.create(RuntimeClasses, { metadata: { name: 'r' }, handler: 'h', overhead: { podFixed: { cpu: '50m' } }, scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 't', operator: 'Exists' }] } } as never);
    const { spec } = await plane.client.create(Pods, pod('p', { runtimeClassName: 'r', nodeSelector: { x: 'y' } }));
    expect(spec).toMatchObject({ overhead: { cpu: '50m' }, nodeSelector: { a: 'b', x: 'y' } });
    expect(spec.tolerations).toContainEqual({ key: 't', operator: 'Exists' });
    expect((await refusal(plane.client.create(Pods, pod('q', { runtimeClassName: 'none' })))).message).toBe('pods "q" is forbidden: pod rejected: RuntimeClass "none" not found');
    expect((await refusal(plane.client.create(Pods, pod('q', { overhead: { cpu: '1' } })))).message).toBe('pods "q" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    expect((await refusal(plane.client.create(Pods, pod('q', { runtimeClassName: 'r', nodeSelector: { a: 'c' } })))).message).toBe('pods "q" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c');
  });
});

describe('storage objects', () => {
  const claim = (name: string, spec: object = {}) => ({ metadata: { name, namespace }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } }) as never;
  it('and Ingresses get the newest default class', async () => {
    const ingressClass = (name: string) => ({ metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: 'example.com/c' } });
    await plane.client.create(IngressClasses, ingressClass('old'));
    await plane.clock.advance(2_000);
    await plane.client.create(IngressClasses, ingressClass('new'));
    const ingress = (name: string, spec: object = {}) => ({ metadata: { name, namespace }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } }, ...spec } }) as never;
    expect((await plane.client.create(Ingresses, ingress('a'))).spec.ingressClassName).toBe('new');
    expect((await plane.client.create(Ingresses, ingress('b', { ingressClassName: 'x' }))).spec.ingressClassName).toBe('x');
  });
  it('get the newest default class, unless they name one', async () => {
    const storageClass = (name: string) => ({ metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'example.com/none' });
    await plane.client.create(StorageClasses, storageClass('old'));
    await plane.clock.advance(2_000);
    await plane.client.create(StorageClasses, storageClass('new'));
    expect((await plane.client.create(PersistentVolumeClaims, claim('a'))).spec.storageClassName).toBe('new');
    expect((await plane.client.create(PersistentVolumeClaims, claim('b', { storageClassName: '' }))).spec.storageClassName).toBe('');
  });
  it('grow only when they are bound and their class lets them', async () => {
    await plane.client.create(StorageClasses, { metadata: { name: 'fixed' }, provisioner: 'example.com/none' });
    await plane.client.create(StorageClasses, { metadata: { name: 'elastic' }, provisioner: 'example.com/none', allowVolumeExpansion: true });
    const grow = (name: string) => plane.client.patch(PersistentVolumeClaims, { namespace, name }, { spec: { resources: { requests: { storage: '2Gi' } } } });
    await plane.client.create(PersistentVolumeClaims, claim('early', { storageClassName: 'elastic' }));
    expect((await refusal(grow('early'))).message).toContain('spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims');
    for (const name of ['fixed', 'elastic']) {
      await plane.client.create(PersistentVolumes, { metadata: { name }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: name, claimRef: { namespace, name }, hostPath: { path: '/x' } } } as never);
      await plane.client.create(PersistentVolumeClaims, claim(name, { storageClassName: name }));
      await plane.until(() => plane.informers.informer(PersistentVolumeClaims).get(`${namespace}/${name}`)?.status.phase === 'Bound');
    }
    expect((await refusal(grow('fixed'))).message).toBe('persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
    expect((await grow('elastic')).spec.resources?.requests).toEqual({ storage: '2Gi' });
  });
  it('stay while they are used', async () => {
    const claims = plane.informers.informer(PersistentVolumeClaims);
    expect(await plane.client.create(PersistentVolumeClaims, claim('c', { storageClassName: '' }))).toMatchObject({ metadata: { finalizers: ['kubernetes.io/pvc-protection'] }, status: { phase: 'Pending' } });
    await plane.client.create(Pods, pod('user', { nodeName: 'node-1', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }));
    await plane.client.delete(PersistentVolumeClaims, { namespace, name: 'c' });
    await plane.clock.advance(1_000);
    expect(claims.get('default/c')?.metadata.deletionTimestamp).toBeDefined();
    await plane.client.delete(Pods, { namespace, name: 'user' });
    await plane.until(() => !claims.get('default/c'));
    const made = await plane.client.create(PersistentVolumes, { metadata: { name: 'v' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } } as never);
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
    await plane.client.delete(PersistentVolumes, { name: 'v' });
    await plane.until(() => !plane.informers.informer(PersistentVolumes).get('v'));
  });
});
