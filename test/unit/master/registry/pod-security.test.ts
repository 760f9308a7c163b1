// The Pod security standards: what violates which, since which version, in the words clients know; and what labels ask for.
import { violationsOf } from '../../../../master/registry/admission/pod-security/checks.ts';
import { existingPodWarnings } from '../../../../master/registry/admission/pod-security/index.ts';
import type { CheckedPod } from '../../../../master/registry/admission/pod-security/pod.ts';
import { levelVersionText, policyOf, type Level } from '../../../../master/registry/admission/pod-security/policy.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';
import { texts } from '../../api/writing.ts';

const pod = (spec: object, annotations?: Record<string, string>): CheckedPod => ({ metadata: annotations ? { annotations } : {}, spec: { containers: [{ name: 'a' }], ...spec } }) as CheckedPod;
const secure = (securityContext: object): object => ({ containers: [{ name: 'a', securityContext }] });
const hard = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
const verdicts = (level: Level, given: CheckedPod, minor = Infinity): string[] => violationsOf({ level, minor }, given).map(({ reason, detail }) => `${reason} (${detail})`);

describe('the baseline refuses', () => {
  it.each<[string, CheckedPod, string[]]>([
    ['nothing of a plain Pod', pod({}), []],
    ['profiles of AppArmor', pod({ securityContext: { appArmorProfile: { type: 'Unconfined' } }, ...secure({ appArmorProfile: { type: 'Unconfined' } }) }, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined', 'container.apparmor.security.beta.kubernetes.io/b': 'localhost/x' }),
      ['forbidden AppArmor profiles (pod and container "a" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/a="unconfined"")']],
    ['capabilities', pod({ containers: [{ name: 'a', securityContext: { capabilities: { add: ['NET_RAW', 'CHOWN'] } } }, { name: 'b', securityContext: { capabilities: { add: ['BPF'] } } }] }),
      ['non-default capabilities (containers "a", "b" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)']],
    ['namespaces of the host', pod({ hostNetwork: true, hostPID: true, hostIPC: true }), ['host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)']],
    ['directories of the host', pod({ volumes: [{ name: 'v', hostPath: {} }, { name: 'w', emptyDir: {} }] }), ['hostPath volumes (volume "v")']],
    ['ports of the host', pod({ initContainers: [{ name: 'i', ports: [{ hostPort: 80 }, { hostPort: 8 }] }], containers: [{ name: 'a', ports: [{ hostPort: 0 }, {}] }] }), ['hostPort (container "i" uses hostPorts 8, 80)']],
    ['privileged containers', pod({ ...secure({ privileged: true }), ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }] }), ['privileged (containers "a", "e" must not set securityContext.privileged=true)']],
    ['an open /proc', pod(secure({ procMount: 'Unmasked' })), ['procMount (container "a" must not set securityContext.procMount to "Unmasked")']],
    ['options of SELinux', pod({ securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } }, ...secure({ seLinuxOptions: { type: 'container_engine_t', role: 'r' } }) }),
      ['seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)']],
    ['no seccomp profile', pod(secure({ seccompProfile: { type: 'Unconfined' } })), ['seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")']],
    ['sysctls', pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } }), ['forbidden sysctls (kernel.msgmax)']],
    ['processes of a Windows host', pod(secure({ windowsOptions: { hostProcess: true } })), ['hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)']],
  ])('%s', (_, given, expected) => { expect(verdicts('baseline', given)).toEqual(expected); });
});

describe('the restricted standard refuses', () => {
  it.each<[string, CheckedPod, string[]]>([
    ['nothing of a hardened Pod', pod(secure(hard)), []],
    ['a plain Pod', pod({}), [
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")']],
    ['capabilities', pod(secure({ ...hard, capabilities: { add: ['NET_BIND_SERVICE', 'CHOWN'] } })),
      ['unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in securityContext.capabilities.add)']],
    ['volumes', pod({ ...secure(hard), volumes: [{ name: 'v', hostPath: {} }, { name: 'w', nfs: {} }, { name: 'x', image: {} }] }), ['restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")']],
    ['root', pod({ securityContext: { runAsNonRoot: false, runAsUser: 0 }, ...secure({ ...hard, runAsUser: 0 }) }),
      ['runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)', 'runAsUser=0 (pod and container "a" must not set runAsUser=0)']],
    ['what the baseline refuses', pod({ hostPID: true, ...secure({ ...hard, seccompProfile: { type: 'Unconfined' } }) }),
      ['host namespaces (hostPID=true)', 'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")']],
  ])('%s', (_, given, expected) => { expect(verdicts('restricted', given)).toEqual(expected); });
  it('asks a Pod of Windows for less since 1.25', () => {
    const windows = pod({ os: { name: 'windows' } });
    expect(verdicts('restricted', windows)).toEqual(['runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)']);
    expect(verdicts('restricted', windows, 24)).toHaveLength(4);
  });
});

it('a version keeps the checks it had', () => {
  const seccomp = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' };
  expect(verdicts('restricted', pod({}, seccomp), 18)).toEqual([
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
    'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)']);
  expect(verdicts('baseline', pod({}, seccomp), 19)).toEqual([]);
  const engine = pod(secure({ seLinuxOptions: { type: 'container_engine_t' } }));
  expect([verdicts('baseline', engine, 30).length, verdicts('baseline', engine, 31).length]).toEqual([1, 0]);
  const sysctls = pod({ securityContext: { sysctls: ['net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_wmem'].map((name) => ({ name })) } });
  expect([26, 27, 29, 32].map((minor) => verdicts('baseline', sysctls, minor).join().split(', ').filter(Boolean).length)).toEqual([3, 2, 1, 0]);
});

describe('the labels of a namespace', () => {
  const name = 'pod-security.kubernetes.io';
  it.each<[string, Record<string, string>, [enforce: string, audit: string, warn: string], string[]]>([
    ['ask for nothing', {}, ['privileged:latest', 'privileged:latest', 'privileged:latest'], []],
    ['that enforce warn as well', { [`${name}/enforce`]: 'restricted', [`${name}/enforce-version`]: 'v1.24' }, ['restricted:v1.24', 'privileged:latest', 'restricted:v1.24'], []],
    ['that say how to warn are taken at their word', { [`${name}/enforce`]: 'baseline', [`${name}/warn`]: 'privileged', [`${name}/audit`]: 'restricted' }, ['baseline:latest', 'restricted:latest', 'privileged:latest'], []],
    ['may warn by another version', { [`${name}/enforce`]: 'baseline', [`${name}/enforce-version`]: 'v1.1', [`${name}/warn-version`]: 'v1.30' }, ['baseline:v1.1', 'privileged:latest', 'baseline:v1.30'], []],
    ['that cannot be read are told', { [`${name}/enforce`]: 'x', [`${name}/enforce-version`]: 'v1.02', [`${name}/audit`]: 'y', [`${name}/warn`]: 'z' }, ['restricted:latest', 'privileged:latest', 'privileged:latest'], [
      `metadata.labels[${name}/enforce]: Invalid value: "x": must be one of privileged, baseline, restricted`,
      `metadata.labels[${name}/enforce-version]: Invalid value: "v1.02": must be "latest" or "v1.x"`,
      `metadata.labels[${name}/audit]: Invalid value: "y": must be one of privileged, baseline, restricted`,
      `metadata.labels[${name}/warn]: Invalid value: "z": must be one of privileged, baseline, restricted`]],
  ])('%s', (_, labels, [enforce, audit, warn], expected) => {
    const { policy, faults } = policyOf(labels);
    expect([policy.enforce, policy.audit, policy.warn].map(levelVersionText)).toEqual([enforce, audit, warn]);
    expect(texts(faults)).toEqual(expected);
  });
});

it('warns of Pods that are there by what is wrong with them', () => {
  const there = (name: string, spec: object, controller?: string): ApiObject =>
    ({ metadata: { name, ...(controller ? { ownerReferences: [{ uid: controller, controller: true }] } : {}) }, spec: { containers: [{ name: 'a' }], ...spec } }) as unknown as ApiObject;
  const pods = [there('z', { hostPID: true }), there('y', { hostPID: true }), there('x', { hostPID: true }), there('w', secure({ privileged: true })), there('v', {})];
  expect(existingPodWarnings(pods, 'n', { level: 'baseline', minor: Infinity })).toEqual([
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"', 'w: privileged', 'x (and 2 other pods): host namespaces']);
  const many = Array.from({ length: 3000 }, (_, i) => there(`p${i}`, {}, 'one'));
  expect(existingPodWarnings([...many, there('late', { hostPID: true }), there('last', { hostPID: true })], 'n', { level: 'baseline', minor: 33 })).toEqual([
    'new PodSecurity enforce level only checked against the first 3000 of 3002 existing pods', 'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:v1.33"', 'last (and 1 other pod): host namespaces']);
});
