// What a write does not keep, as the features that read it are off by default in 1.33, and that what is there already stays.
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { HorizontalPodAutoscalers } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Leases } from '../../../src/api/coordination/lease.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { PodTemplates } from '../../../src/api/core/pod-template.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import { CSIDrivers } from '../../../src/api/storage/csi-driver.ts';
import { dropOffFields } from '../../../src/schema/off-fields.ts';
import { decode } from '../../../src/schema/decode.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { created, updated } from './writing.ts';

type Spec = Record<string, any>;
const container = (more: object = {}): object => ({ name: 'a', image: 'i', ...more });
const pod = (more: object = {}, own: object = {}): object => ({ ...own, containers: [container(more)] });
const template = (spec: object): object => ({ metadata: { labels: { app: 'x' } }, spec });
const rules = { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }] };
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const image = { name: 'v', image: { reference: 'r' } };
const bundle = { clusterTrustBundle: { name: 'b', path: 'p' } };
const token = { serviceAccountToken: { path: 't' } };
const mounts = (...names: string[]): object => ({ volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) });

const table: [string, ResourceDefinition, object, object][] = [
  ['resources of a Pod as a whole', Pods, pod({}, { resources: { limits: { cpu: '1' } } }), pod()],
  ['claims on devices', Pods, pod({ resources: { claims: [{ name: 'gpu' }] } }, { resourceClaims: [{ name: 'gpu' }] }), pod({ resources: {} })],
  ['a signal to stop with', Pods, pod({ lifecycle: { stopSignal: 'SIGUSR1' } }), pod()],
  ['a signal beside a hook', Pods, pod({ lifecycle: { stopSignal: 'SIGUSR1', preStop: { sleep: { seconds: 1 } } } }), pod({ lifecycle: { preStop: { sleep: { seconds: 1 } } } })],
  ['a volume of an image and its mounts', Pods, pod(mounts('v', 'w'), { volumes: [image, { name: 'w', emptyDir: {} }] }), pod(mounts('w'), { volumes: [{ name: 'w', emptyDir: {} }] })],
  ['the only volume', Pods, pod(mounts('v'), { volumes: [image] }), pod()],
  ['trusted certificates', Pods, pod({}, { volumes: [{ name: 'v', projected: { sources: [token, bundle] } }] }), pod({}, { volumes: [{ name: 'v', projected: { sources: [token, {}] } }] })],
  ['what is in a Deployment', Deployments, { selector: { matchLabels: { app: 'x' } }, template: template(pod({}, { resources: { limits: { cpu: '1' } } })) }, { selector: { matchLabels: { app: 'x' } }, template: template(pod()) }],
  ['what is in a CronJob', CronJobs, { schedule: '* * * * *', jobTemplate: { spec: { template: template(pod({ lifecycle: { stopSignal: 'SIGINT' } }, { restartPolicy: 'Never' })) } } }, { schedule: '* * * * *', jobTemplate: { spec: { template: template(pod({}, { restartPolicy: 'Never' })) } } }],
  ['several at a time', StatefulSets, { serviceName: 's', updateStrategy: { rollingUpdate: { maxUnavailable: 2 } }, template: template(pod()) }, { serviceName: 's', updateStrategy: { rollingUpdate: {} }, template: template(pod()) }],
  ['a tolerance', HorizontalPodAutoscalers, { scaleTargetRef: { kind: 'D', name: 'd' }, maxReplicas: 2, behavior: { scaleUp: { ...rules, tolerance: '100m' } } }, { scaleTargetRef: { kind: 'D', name: 'd' }, maxReplicas: 2, behavior: { scaleUp: rules } }],
  ['attributes of a claim', PersistentVolumeClaims, { ...claim, volumeAttributesClassName: 'gold' }, claim],
  ['attributes of a volume', PersistentVolumes, { hostPath: { path: '/a' }, volumeAttributesClassName: 'gold' }, { hostPath: { path: '/a' } }],
  ['coordinated elections', Leases, { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' }, { holderIdentity: 'a' }],
  ['a period of a driver', CSIDrivers, { nodeAllocatableUpdatePeriodSeconds: 20 }, {}],
];

const specOf = (object: ApiObject): Spec => object['spec'] as Spec;

it.each(table)('%s: not kept when it is new', (_what, resource, given, kept) => {
  const plain = created(resource, { spec: kept });
  expect(specOf(created(resource, { spec: given }))).toEqual(specOf(plain));
  expect(specOf(updated(resource, { spec: given }, plain))).toEqual(specOf(plain));
});

it.each(table)('%s: kept where it is already', (_what, resource, given) => {
  const before = decode(resource.type, { spec: structuredClone(given) }, { unknown: [] }) as ApiObject;
  const after = structuredClone(before);
  dropOffFields(resource.type, after, before, '');
  expect(after).toEqual(before);
});

it('a stored template is judged like the others', () => {
  expect((created(PodTemplates, { template: template(pod({}, { resources: {} })) })['template'] as { spec: Spec }).spec['resources']).toBeUndefined();
});

describe('a status', () => {
  it.each<[string, ResourceDefinition, object, object]>([
    ['of Pods that end', Deployments, { replicas: 1, terminatingReplicas: 1 }, { replicas: 1 }],
    ['of devices', Pods, { phase: 'Running', resourceClaimStatuses: [{ name: 'gpu' }], containerStatuses: [{ name: 'a', allocatedResourcesStatus: [{ name: 'gpu' }] }] }, { phase: 'Running', containerStatuses: [{ name: 'a' }] }],
    ['of attributes', PersistentVolumeClaims, { phase: 'Bound', currentVolumeAttributesClassName: 'gold', modifyVolumeStatus: { status: 'Pending' } }, { phase: 'Bound' }],
  ])('%s', (_what, resource, given, kept) => {
    const after = { spec: { resources: { limits: {} }, volumeAttributesClassName: 'gold' }, status: structuredClone(given) };
    dropOffFields(resource.type, after, { spec: {}, status: {} }, 'status');
    // A write to the status leaves the rest alone.
    expect(after).toEqual({ spec: { resources: { limits: {} }, volumeAttributesClassName: 'gold' }, status: kept });
  });
});
