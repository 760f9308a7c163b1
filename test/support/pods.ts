// What end-to-end tests ask of Pods, in the words of kubectl.
import { eventually, type TestCluster } from './cluster.ts';

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
  };
  return pods;
}
