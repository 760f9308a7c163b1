// What a Pod gets that did not say it: defaults, first status, pull policies, grace of deletion.
import { defaultPullPolicy, imageTag } from '../../../../src/api/core/image-name.ts';
import { podDeletionGrace } from '../../../../src/api/core/pod-defaults.ts';
import { PodTemplates, type PodTemplate } from '../../../../src/api/core/pod-template.ts';
import { Pods, type Pod } from '../../../../src/api/core/pod.ts';
import { created } from '../writing.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('pull policy', () => {
  it.each([
    ['nginx', 'latest', 'Always'],
    ['nginx:latest', 'latest', 'Always'],
    ['nginx:1.27', '1.27', 'IfNotPresent'],
    ['registry.example:5000/team/app', 'latest', 'Always'],
    ['registry.example:5000/team/app:v1', 'v1', 'IfNotPresent'],
    [`nginx@${digest}`, '', 'IfNotPresent'],
    [`nginx:latest@${digest}`, 'latest', 'Always'],
  ])('%s', (image, tag, policy) => {
    expect(imageTag(image)).toBe(tag);
    expect(defaultPullPolicy(image)).toBe(policy);
  });
});

describe('grace of deletion', () => {
  const spec = { nodeName: 'n1', terminationGracePeriodSeconds: 30 };
  it.each([
    ['its own', spec, 'Running', undefined, 30],
    ['what was asked', spec, 'Running', 5, 5],
    ['none was asked', spec, 'Running', 0, 0],
    ['on no node', { ...spec, nodeName: '' }, 'Pending', 20, 0],
    ['succeeded', spec, 'Succeeded', undefined, 0],
    ['failed', spec, 'Failed', 20, 0],
    ['negative', { ...spec, terminationGracePeriodSeconds: -1 }, 'Running', undefined, 1],
    ['negative asked', spec, 'Running', -5, 1],
  ])('%s', (_name, given, phase, requested, expected) => {
    expect(podDeletionGrace({ spec: given, status: { phase } }, requested)).toBe(expected);
  });
});

const make = (spec: object, metadata: object = {}): Pod => created(Pods, { metadata, spec: { containers: [{ name: 'a', image: 'nginx:1' }], ...spec } }) as unknown as Pod;

describe('defaults of a Pod', () => {
  it('fills the spec', () => {
    const { spec } = make({});
    expect(spec).toMatchObject({
      restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', terminationGracePeriodSeconds: 30, securityContext: {}, enableServiceLinks: true,
    });
    expect(spec.containers[0]).toEqual({
      name: 'a', image: 'nginx:1', resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'IfNotPresent',
    });
  });

  it('keeps what is said', () => {
    const { spec } = make({ restartPolicy: 'Never', terminationGracePeriodSeconds: 0, enableServiceLinks: false, containers: [{ name: 'a', image: 'nginx', imagePullPolicy: 'Never' }] });
    expect(spec).toMatchObject({ restartPolicy: 'Never', terminationGracePeriodSeconds: 0, enableServiceLinks: false });
    expect(spec.containers[0]!.imagePullPolicy).toBe('Never');
  });

  it('fills probes, ports, env and volumes', () => {
    const { spec } = make({
      containers: [{
        name: 'a', image: 'nginx', ports: [{ containerPort: 80 }], env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
        readinessProbe: { httpGet: { port: 80 }, timeoutSeconds: 0 }, livenessProbe: { grpc: { port: 90 } },
      }],
      volumes: [{ name: 'e' }, { name: 's', secret: { secretName: 'x' } }, { name: 'h', hostPath: { path: '/x' } },
        { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    });
    const [container] = spec.containers;
    expect(container!.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
    expect(container!.env![0]!.valueFrom).toEqual({ fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } });
    expect(container!.readinessProbe).toEqual({ httpGet: { path: '/', port: 80, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
    expect(container!.livenessProbe!.grpc).toEqual({ port: 90, service: '' });
    expect(spec.volumes).toEqual([
      { name: 'e', emptyDir: {} }, { name: 's', secret: { secretName: 'x', defaultMode: 420 } }, { name: 'h', hostPath: { path: '/x', type: '' } },
      { name: 't', projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600, path: 'token' } }] } },
    ]);
  });

  it('requests what is limited, and only in Pods', () => {
    const container = { name: 'a', image: 'nginx', resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } };
    expect(make({ containers: [container], initContainers: [container] }).spec.initContainers![0]!.resources.requests).toEqual({ cpu: '500m', memory: '1Gi' });
    const template = created(PodTemplates, { template: { spec: { containers: [container], hostNetwork: true } } }) as unknown as PodTemplate;
    expect(template.template.spec.containers[0]!.resources.requests).toEqual({ cpu: '500m' });
    expect(template.template.spec.enableServiceLinks).toBeUndefined();
  });

  it('opens host ports on the host network', () => {
    const { spec } = make({ hostNetwork: true, containers: [{ name: 'a', image: 'nginx', ports: [{ containerPort: 80 }] }] });
    expect(spec.containers[0]!.ports![0]!.hostPort).toBe(80);
  });

  it.each([[{ serviceAccount: 'old' }, 'old'], [{ serviceAccountName: 'new' }, 'new'], [{ serviceAccount: 'old', serviceAccountName: 'new' }, 'new']])('copies the service account %j', (given, name) => {
    expect(make(given).spec).toMatchObject({ serviceAccount: name, serviceAccountName: name });
  });
});

describe('creation', () => {
  it('starts pending, with its class', () => {
    expect(make({}).status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });
  it('says that gates hold it', () => {
    expect(make({ schedulingGates: [{ name: 'x/y' }] }).status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }]);
  });
  it('turns label keys of affinity terms into conditions', () => {
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'x' } }, matchLabelKeys: ['rev', 'absent'], mismatchLabelKeys: ['tenant'] };
    const { spec } = make({ affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] } } }, { labels: { rev: '7', tenant: 't' } });
    expect(spec.affinity!.podAntiAffinity!.preferredDuringSchedulingIgnoredDuringExecution![0]!.podAffinityTerm.labelSelector).toEqual({
      matchLabels: { app: 'x' }, matchExpressions: [{ key: 'rev', operator: 'In', values: ['7'] }, { key: 'tenant', operator: 'NotIn', values: ['t'] }],
    });
  });
});
