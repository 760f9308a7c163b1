// What end-to-end tests ask of Pods, in the words of kubectl.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { locateCgroup, parseCgroupMounts } from '../../src/util/cgroup/location.ts';
import { eventually, type TestCluster } from './cluster.ts';

/** Where the kernel has a control group, by hierarchy. */
export interface Group { readonly cpu: string; readonly memory: string }

export interface Pods {
  jsonpath(name: string, path: string, kind?: string): Promise<string>;
  /** A path into the status of the first container. */
  status(name: string, path: string): Promise<string>;
  /** `kubectl wait --for=…`. */
  until(name: string, what: string): Promise<string>;
  ready(name: string, value?: string): Promise<string>;
  /** What a shell in the Pod's first container says, without its last line's end. */
  inside(name: string, script: string): Promise<string>;
  /** The error of `inside`, or `no error`. */
  fails(name: string, script: string): Promise<string>;
  /** The STATUS column of `kubectl get pods`. */
  column(name: string): Promise<string>;
  /** What `kubectl describe` says, once these words are in it: Events are on a way of their own. */
  described(name: string, ...words: readonly (string | RegExp)[]): Promise<string>;
  /** The engine's id of the first container. */
  container(name: string): Promise<string>;
  /** Where the kernel has its process, and the group around that, which is the Pod's. */
  groups(name: string): Promise<{ readonly own: Group; readonly pod: Group }>;
}

export function podsOf(cluster: () => TestCluster): Pods {
  const pods: Pods = {
    jsonpath: (name, path, kind = 'pod') => cluster().kubectl('get', kind, name, '-o', `jsonpath=${path}`),
    status: (name, path) => pods.jsonpath(name, `{.status.containerStatuses[0].${path}}`),
    until: (name, what) => cluster().kubectl('wait', `pod/${name}`, `--for=${what}`, '--timeout=150s'),
    ready: (name, value = 'True') => pods.until(name, `condition=Ready=${value}`),
    inside: async (name, script) => (await cluster().kubectl('exec', name, '--', 'sh', '-c', script)).trimEnd(),
    fails: async (name, script) => pods.inside(name, script).then(() => 'no error', (error: Error) => error.message),
    column: async (name) => (await cluster().kubectl('get', 'pod', name, '--no-headers')).trim().split(/\s+/)[2]!,
    async described(name, ...words) {
      let told = '';
      return eventually(`${name} described with ${words.join()}`, async () => {
        told = await cluster().kubectl('describe', 'pod', name);
        return words.every((word) => (typeof word === 'string' ? told.includes(word) : word.test(told))) && told;
      }).catch((error: Error) => { throw new Error(`${error.message}:\n${told}`); });
    },
    container: async (name) => (await pods.status(name, 'containerID')).replace('docker://', ''),
    async groups(name) {
      const pid = await cluster().hosts[0]!.docker('inspect', '-f', '{{.State.Pid}}', await pods.container(name));
      const found = locateCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
      const own: Group = { cpu: found.cpu ?? found.unified!, memory: found.memory ?? found.unified! };
      return { own, pod: { cpu: dirname(own.cpu), memory: dirname(own.memory) } };
    },
  };
  return pods;
}
