// Pod security standards through the real admission chain: what a labelled namespace refuses, and whom it warns.
import { ask } from '../support/ask.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';

let api: TestApi;
beforeEach(async () => { api = await startTestApi(); });
afterEach(() => api.stop());

/** What a request is answered, and its warnings. */
async function told(method: string, path: string, body: object): Promise<[string, readonly string[]]> {
  const { text, warnings } = await ask(api, method, path, body);
  return [text, warnings];
}
const namespaces = '/api/v1/namespaces';
const label = (mode: string): string => `pod-security.kubernetes.io/${mode}`;
async function make(labels: Record<string, string>): Promise<[string, readonly string[]]> {
  const made = await told('POST', namespaces, { metadata: { name: 'n', labels } });
  if (made[0] === '201') await told('POST', `${namespaces}/n/serviceaccounts`, { metadata: { name: 'default' } });
  return made;
}
const pod = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'i' }], ...spec } });
const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { hostPID: true, containers: [{ name: 'a', image: 'i' }] } } } };

it('a namespace with labels that cannot be read is refused; one that has them may be changed otherwise', async () => {
  const message = 'Namespace "n" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "some": must be one of privileged, baseline, restricted';
  expect(await make({ [label('enforce')]: 'some' })).toEqual([`422 ${message}`, []]);
  expect((await make({}))[0]).toBe('201');
  expect(await told('PATCH', `${namespaces}/n`, { metadata: { labels: { [label('enforce')]: 'some' } } })).toEqual([`422 ${message}`, []]);
});

it('Pods that violate the enforced standard are refused, workloads that would make such warned of', async () => {
  await make({ [label('enforce')]: 'baseline' });
  const refused = '403 pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)';
  expect(await told('POST', `${namespaces}/n/pods`, pod('p', { hostPID: true }))).toEqual([refused, []]);
  expect(await told('POST', `${namespaces}/n/pods`, pod('p'))).toEqual(['201', []]);
  expect(await told('POST', '/apis/apps/v1/namespaces/n/deployments', deployment)).toEqual(['201', ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']]);
  const debug = { spec: { ephemeralContainers: [{ name: 'e', image: 'i', securityContext: { privileged: true } }] } };
  expect(await told('PATCH', `${namespaces}/n/pods/p/ephemeralcontainers`, debug))
    .toEqual(['403 pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged (container "e" must not set securityContext.privileged=true)', []]);
});

it('a namespace that only warns lets Pods pass, and those that are there when it gets stricter are told of', async () => {
  await make({ [label('warn')]: 'baseline' });
  expect(await told('POST', `${namespaces}/n/pods`, pod('p', { hostPID: true }))).toEqual(['201', ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']]);
  const stricter = (level: string) => told('PATCH', `${namespaces}/n`, { metadata: { labels: { [label('enforce')]: level } } });
  expect(await stricter('baseline')).toEqual(['200', ['existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"', 'p: host namespaces']]);
  // What is there stays, and may be changed in what no standard looks at.
  expect(await told('PATCH', `${namespaces}/n/pods/p`, { metadata: { labels: { a: 'b' } } })).toEqual(['200', []]);
  expect((await told('PATCH', `${namespaces}/n/pods/p`, { spec: { containers: [{ name: 'a', image: 'j' }] } }))[0]).toContain('403 pods "p" is forbidden: violates PodSecurity');
  expect(await stricter('privileged')).toEqual(['200', []]);
});
