// What is stored as it is and yet warned of, kind by kind, in the words and at the paths clients show.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DaemonSets } from '../../../src/api/apps/daemon-set.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { CronJobs } from '../../../src/api/batch/cron-job.ts';
import { Jobs } from '../../../src/api/batch/job.ts';
import { keyPairProblem } from '../../../src/api/core/key-pair-warnings.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { PodTemplates } from '../../../src/api/core/pod-template.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { Secrets } from '../../../src/api/core/secret.ts';
import { ServiceAccounts } from '../../../src/api/core/service-account.ts';
import { Services } from '../../../src/api/core/service.ts';
import { EndpointSlices } from '../../../src/api/discovery/endpoint-slice.ts';
import { NetworkPolicies } from '../../../src/api/networking/network-policy.ts';
import { RuntimeClasses } from '../../../src/api/node/runtime-class.ts';
import { CSIStorageCapacities } from '../../../src/api/storage/csi-storage-capacity.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { created, updated } from './writing.ts';

const warningsOf = (resource: ResourceDefinition, given: object): string[] => resource.warnings?.(created(resource, given)) ?? [];

const container = (more: object = {}): object => ({ name: 'a', image: 'i', ...more });
const pod = (spec: object = {}, annotations?: object): object => ({ ...(annotations ? { metadata: { annotations } } : {}), spec: { containers: [container()], ...spec } });
const withContainer = (more: object): object => pod({ containers: [container(more)] });
const withEnv = (...env: object[]): object => withContainer({ env });
const withPorts = (...ports: object[]): object => pod({ containers: ports.map((port, i) => container({ name: `c${i}`, ports: [port] })) });
const files = (...paths: string[]): object => ({ items: paths.map((path) => ({ key: path, path })) });
const term = (key: string, ...values: string[]): object => ({ matchExpressions: [{ key, operator: 'In', values }] });
const noPod = 'a null labelSelector results in matching no pod';
const hidden = 'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply';

describe('a Pod', () => {
  it.each<[string, object, string[]]>([
    ['of nothing odd', pod(), []],
    ['with dots in its name', { metadata: { name: 'web.1' }, spec: { containers: [container()] } }, ["metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"]],
    ['with a variable twice', withEnv({ name: 'A', value: 'x' }, { name: 'A', value: 'y' }), [hidden]],
    ['with a variable that stands for itself', withEnv({ name: 'A', value: 'x' }, { name: 'A', value: '$(A)' }), [hidden]],
    ['with a variable from elsewhere', withEnv({ name: 'A', value: 'x' }, { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }), [hidden]],
    ['with a variable that is built upon', withEnv({ name: 'A', value: 'x' }, { name: 'A', value: '$(A)/y' }), []],
    ['by labels of nodes that are out of use', pod({
      nodeSelector: { 'beta.kubernetes.io/os': 'linux', disk: 'ssd' },
      affinity: { nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term('failure-domain.beta.kubernetes.io/zone', 'z')] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('disk', '-') }],
      } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/region', whenUnsatisfiable: 'DoNotSchedule' }],
    }), [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      expect.stringMatching(/^spec\.affinity\.nodeAffinity\.preferredDuringSchedulingIgnoredDuringExecution\[0\]\.preference\.matchExpressions\[0\]\.values\[0\]: - is invalid, a valid label must be /) as unknown as string,
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/region is deprecated since v1.17; use "topology.kubernetes.io/region" instead',
      `spec.topologySpreadConstraints[0].labelSelector: ${noPod}`]],
    ['near nobody', pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] }, podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'z' } }] } } }), [
      `spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${noPod}`,
      `spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: ${noPod}`]],
    ['with old annotations', pod({}, { 'scheduler.alpha.kubernetes.io/critical-pod': '', 'seccomp.security.alpha.kubernetes.io/pod': 'x', 'container.seccomp.security.alpha.kubernetes.io/a': 'x' }), [
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/a]: non-functional in v1.27+; use the "seccompProfile" field instead']],
    ['with old volumes', pod({ volumes: [{ name: 'g', gitRepo: { repository: 'r' } }, { name: 's', storageos: {} }, { name: 'e', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1m' } } } } } }] }), [
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+', 'spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+',
      'spec.volumes[2].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer']],
    ['with files that hide each other', pod({ volumes: [
      { name: 'c', configMap: { name: 'm', ...files('a/b', 'a', 'c') } }, { name: 's', secret: { secretName: 'm', ...files('x', 'x/') } },
      { name: 'p', projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'm', ...files('token') } }, { downwardAPI: { items: [{ path: 'labels' }] } }] } },
    ] }), [
      'volume "c" (ConfigMap "m"): overlapping paths: "a" with "a/b"', 'volume "s" (Secret "m"): overlapping paths: "x" with "x"',
      'volume "p" (Projected ConfigMap "m"): overlapping paths: "token" with "token"']],
    ['with lists that repeat', pod({ hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }], imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] }), [
      'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"', 'spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""']],
    ['with parts of a byte', pod({ overhead: { memory: '100m' }, containers: [container({ resources: { limits: { memory: '1500m' }, requests: { memory: '1', 'ephemeral-storage': '1m' } } })] }), [
      'spec.overhead[memory]: fractional byte value "100m" is invalid, must be an integer', 'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value "1m" is invalid, must be an integer']],
    ['with ports that say the same', withPorts({ containerPort: 80 }, { containerPort: 80 }, { containerPort: 80, hostPort: 8080 }, { containerPort: 80, hostPort: 8080, hostIP: '1.2.3.4' }, { containerPort: 81, hostIP: '1.2.3.4' }), [
      'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.containers[2].ports[0]: overlapping port definition with spec.containers[0].ports[0]', 'spec.containers[2].ports[0]: overlapping port definition with spec.containers[1].ports[0]',
      'spec.containers[3].ports[0]: overlapping port definition with spec.containers[0].ports[0]', 'spec.containers[3].ports[0]: overlapping port definition with spec.containers[1].ports[0]',
      'spec.containers[3].ports[0]: dangerously ambiguous port definition with spec.containers[2].ports[0]',
      'spec.containers[4].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.2.3.4}']],
    ['that ends before its time', pod({ terminationGracePeriodSeconds: -1 }), ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1']],
  ])('%s', (_, given, expected) => { expect(warningsOf(Pods, given)).toEqual(expected); });
  it('is not warned of again when it is changed', () => { expect(Pods.warnings!(created(Pods, pod({ terminationGracePeriodSeconds: -1 })), created(Pods, pod()))).toEqual([]); });
});

const template = pod({ terminationGracePeriodSeconds: -1 }, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' });
const inTemplate = (path: string): string[] => [
  `${path}.metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: deprecated since v1.30; use the "appArmorProfile" field instead`,
  `${path}.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
];
const workload = { selector: { matchLabels: { a: 'b' } }, template };
const dotted = 'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]';
const metadata = { name: 'web.1' };

describe('what makes Pods', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['Deployments', Deployments, { metadata, spec: workload }, [dotted, ...inTemplate('spec.template')]],
    ['ReplicationControllers', ReplicationControllers, { metadata, spec: { template } }, [dotted, ...inTemplate('spec.template')]],
    ['DaemonSets', DaemonSets, { metadata, spec: workload }, inTemplate('spec.template')],
    ['StatefulSets', StatefulSets, { metadata, spec: { ...workload, volumeClaimTemplates: [{ spec: { resources: { limits: { storage: '1m' } } } }] } },
      [...inTemplate('spec.template'), 'spec.volumeClaimTemplates[0].resources.limits[storage]: fractional byte value "1m" is invalid, must be an integer']],
    ['PodTemplates', PodTemplates, { metadata, template }, inTemplate('template')],
    ['Jobs', Jobs, { metadata, spec: { template } }, [dotted, ...inTemplate('spec.template')]],
    ['large Jobs', Jobs, { spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template: pod() } },
      ['spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail']],
    ['CronJobs', CronJobs, { metadata, spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } }, [dotted, ...inTemplate('spec.jobTemplate.spec.template')]],
  ])('%s', (_, resource, given, expected) => { expect(warningsOf(resource, given)).toEqual(expected); });
  it.each<[string, ResourceDefinition, object]>([
    ['Deployments', Deployments, { spec: workload }], ['StatefulSets', StatefulSets, { spec: workload }], ['Jobs', Jobs, { spec: { template } }],
  ])('%s, again only where the specification has changed', (_, resource, given) => {
    const old = { ...created(resource, given) } as ApiObject;
    old.metadata.generation = 1;
    const next = updated(resource, given, old);
    next.metadata.generation = 1;
    expect(resource.warnings!(next, old)).toEqual([]);
    next.metadata.generation = 2;
    expect(resource.warnings!(next, old)).toEqual(inTemplate('spec.template'));
  });
  it('DaemonSets, again only where the template has changed', () => {
    const old = created(DaemonSets, { spec: workload });
    expect(DaemonSets.warnings!(updated(DaemonSets, { spec: { ...workload, minReadySeconds: 1 } }, old), old)).toEqual([]);
    const changed = { ...workload, template: { ...template, metadata: { labels: { c: 'd' } } } };
    expect(DaemonSets.warnings!(updated(DaemonSets, { spec: changed }, old), old)).toEqual(inTemplate('spec.template').slice(1));
  });
  it('CronJobs, when a zone stays in the text', () => {
    const given = { spec: { schedule: 'TZ=UTC * * * * *', jobTemplate: { spec: { template: pod() } } } };
    const old = created(CronJobs, given);
    expect(CronJobs.warnings!(updated(CronJobs, given, old), old)).toEqual(['cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details']);
  });
});

const service = (spec: object, annotations?: object): object => ({ ...(annotations ? { metadata: { annotations } } : {}), spec: { ports: [{ port: 80 }], ...spec } });
const mapped = (path: string): string => `${path}: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"`;
const long = '2001:db8:0:0::1';
const shorten = (path: string): string => `${path}: IPv6 address "${long}" should be in RFC 5952 canonical format ("2001:db8::1")`;
const mountable = 'kubernetes.io/enforce-mountable-secrets';

describe('other kinds', () => {
  it.each<[string, ResourceDefinition, object, string[]]>([
    ['a Service of nothing odd', Services, service({}), []],
    ['a Service with an old annotation', Services, service({}, { 'service.kubernetes.io/topology-aware-hints': 'auto' }), ['annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead']],
    ['a headless Service that says too much', Services, service({ clusterIP: 'None', loadBalancerIP: '1.2.3.4', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP' }), [
      'spec.loadBalancerIP is ignored for headless services', 'spec.externalIPs is ignored for headless services', 'spec.SessionAffinity is ignored for headless services']],
    ['a Service by name with addresses', Services, service({ type: 'ExternalName', externalName: 'x.y', externalIPs: ['1.2.3.4'] }), ['spec.externalIPs is ignored when spec.type is "ExternalName"']],
    ['a Service with a name nobody asks for', Services, service({ externalName: 'x.y' }), ['spec.externalName is ignored when spec.type is not "ExternalName"']],
    ['a Service with addresses of another form', Services, service({ type: 'LoadBalancer', externalIPs: ['::ffff:1.2.3.4'], loadBalancerIP: long, loadBalancerSourceRanges: ['10.1.2.3/8', '2001:db8::/32'] }), [
      mapped('spec.externalIPs[0]'), shorten('spec.loadBalancerIP'), 'spec.loadBalancerSourceRanges[0]: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)']],
    ['Endpoints', Endpoints, { subsets: [{ addresses: [{ ip: '1.2.3.4' }, { ip: long }], notReadyAddresses: [{ ip: '::ffff:1.2.3.4' }] }] }, [shorten('subsets[0].addresses[1].ip'), mapped('subsets[0].notReadyAddresses[0].ip')]],
    ['an EndpointSlice', EndpointSlices, { addressType: 'IPv6', endpoints: [{ addresses: [long] }] }, [shorten('endpoints[0].addresses[0]')]],
    ['an EndpointSlice of names', EndpointSlices, { addressType: 'FQDN', endpoints: [{ addresses: ['x.y'] }] }, ['spec.addressType: FQDN endpoints are deprecated']],
    ['a NetworkPolicy', NetworkPolicies, { spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }, { ipBlock: { cidr: '10.1.0.0/8', except: ['10.1.2.3/24'] } }] }], egress: [{ to: [{ ipBlock: { cidr: '2001:db8:0:0::1/64' } }] }] } }, [
      'spec.ingress[0].from[1].ipBlock.cidr: CIDR value "10.1.0.0/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.0.0/32"?)',
      'spec.ingress[0].from[1].ipBlock.except[0]: CIDR value "10.1.2.3/24" is ambiguous in this context (should be "10.1.2.0/24" or "10.1.2.3/32"?)',
      'spec.egress[0].to[0].ipBlock.cidr: CIDR value "2001:db8:0:0::1/64" is ambiguous in this context (should be "2001:db8::/64" or "2001:db8::1/128"?)']],
    ['ranges of another form', NetworkPolicies, { spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: '::ffff:10.0.0.0/104' } }, { ipBlock: { cidr: '2001:DB8::/32' } }, { ipBlock: { cidr: '2001:db8::/32' } }] }] } }, [
      'spec.egress[0].to[0].ipBlock.cidr: non-standard CIDR value "::ffff:10.0.0.0/104" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"',
      'spec.egress[0].to[1].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")']],
    ['a Node', Nodes, { spec: { externalID: 'x', podCIDRs: ['10.1.2.3/24'] } }, [
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: CIDR value "10.1.2.3/24" is ambiguous in this context (should be "10.1.2.0/24" or "10.1.2.3/32"?)']],
    ['a volume', PersistentVolumes, { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'c' } }, spec: { persistentVolumeReclaimPolicy: 'Recycle', rbd: {}, nodeAffinity: { required: { nodeSelectorTerms: [term('beta.kubernetes.io/arch', 'x')] } } } }, [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+']],
    ['a claim', PersistentVolumeClaims, { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'c' } }, spec: { resources: { requests: { storage: '1500m' } } } }, [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer']],
    ['a StorageClass', StorageClasses, { allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/arch', values: ['x'] }] }] }, ['allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use "kubernetes.io/arch" instead']],
    ['a capacity', CSIStorageCapacities, { nodeTopology: { matchLabels: { 'beta.kubernetes.io/os': 'x' }, matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] } }, [
      'nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      'nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead']],
    ['a RuntimeClass', RuntimeClasses, { scheduling: { nodeSelector: { 'node-role.kubernetes.io/master': '' } } }, ['scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead']],
    ['a ServiceAccount', ServiceAccounts, { metadata: { annotations: { [mountable]: 'true' } } }, [`metadata.annotations[${mountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`]],
    ['a Secret of no certificate', Secrets, { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } }, ['tls: failed to find any PEM data in certificate input']],
    ['a Secret of something else', Secrets, { data: { 'tls.crt': 'eA==' } }, []],
  ])('%s', (_, resource, given, expected) => { expect(warningsOf(resource, given)).toEqual(expected); });
  it('a Node that still says how it was once configured', () => {
    const old = created(Nodes, {});
    (old['spec'] as { configSource?: object }).configSource = { configMap: {} };
    expect(Nodes.warnings!(updated(Nodes, { spec: old['spec'] }, old), old)).toEqual(['spec.configSource: the feature is removed']);
  });
  it('an annotation that stays is not warned of again', () => {
    const given = { metadata: { annotations: { [mountable]: 'true' } } };
    expect(ServiceAccounts.warnings!(created(ServiceAccounts, given), created(ServiceAccounts, given))).toEqual([]);
  });
});

describe('a certificate and its key', () => {
  let directory: string;
  beforeAll(() => { directory = mkdtempSync(join(tmpdir(), 'dray-pairs-')); });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  function pair(name: string, kind: string[]): { readonly certificate: string; readonly key: string } {
    const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
    execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', ...kind, '-subj', `/CN=${name}`, '-days', '2', '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  }
  it('belong together, or it is said why not', () => {
    const ec = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const [one, other, third] = [pair('one', ec), pair('other', ec), pair('third', ['rsa:2048'])];
    const pem = (type: string): string => `-----BEGIN ${type}-----\nMAA=\n-----END ${type}-----\n`;
    const verdicts: readonly [string, string, string | undefined][] = [
      [one.certificate, one.key, undefined],
      [`junk\n${pem('DH PARAMETERS')}${one.certificate}`, `${pem('EC PARAMETERS')}${one.key}`, undefined],
      [one.certificate, other.key, 'tls: private key does not match public key'],
      [one.certificate, third.key, 'tls: private key type does not match public key type'],
      [one.certificate, '', 'tls: failed to find any PEM data in key input'],
      [one.certificate, one.certificate, 'tls: found a certificate rather than a key in the PEM for the private key'],
      [one.certificate, pem('EC PARAMETERS') + pem('X'), 'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [EC PARAMETERS X]'],
      [one.certificate, pem('PRIVATE KEY'), 'tls: failed to parse private key'],
      [one.key, one.key, 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'],
      [pem('X'), one.key, 'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [X]'],
      [pem('CERTIFICATE'), one.key, 'x509: malformed certificate'],
    ];
    expect(verdicts.map(([certificate, key]) => keyPairProblem(certificate, key))).toEqual(verdicts.map(([, , verdict]) => verdict));
  });
});
