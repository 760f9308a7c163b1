// The controllers around who may what: roles that are put together from others, and Secrets that get their account's token.
import { bootstrapTokenTracking } from '../../master/bootstrap.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Secrets, type Secret } from '../../src/api/core/secret.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeAll(async () => { plane = await startControlPlane({ nodes: [] }); });
afterAll(() => plane.stop());

const rule = (resource: string): { verbs: string[]; apiGroups: string[]; resources: string[] } => ({ verbs: ['get'], apiGroups: ['example.com'], resources: [resource] });
const rules = async (name: string): Promise<string[]> => ((await plane.client.get(ClusterRoles, { name })).rules ?? []).flatMap((r) => r.resources ?? []);

it('a ClusterRole with an aggregationRule has the rules of all that carry its labels, through several steps', async () => {
  const { client } = plane;
  const aggregated = (name: string, label: string, labels: Record<string, string> = {}): Promise<unknown> => client.create(ClusterRoles, { metadata: { name, labels }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] }, rules: [] });
  await aggregated('upper', 'to-upper');
  await aggregated('lower', 'to-lower', { 'to-upper': 'true' });
  await client.create(ClusterRoles, { metadata: { name: 'part-b', labels: { 'to-lower': 'true' } }, rules: [rule('b')] });
  await client.create(ClusterRoles, { metadata: { name: 'part-a', labels: { 'to-lower': 'true' } }, rules: [rule('a'), rule('b')] });
  await plane.untilAsync(async () => (await rules('upper')).join() === 'a,b');
  expect(await rules('lower')).toEqual(['a', 'b']);
  await client.patch(ClusterRoles, { name: 'part-a' }, { metadata: { labels: null } });
  await plane.untilAsync(async () => (await rules('upper')).join() === 'b');
  await client.delete(ClusterRoles, { name: 'part-b' });
  await plane.untilAsync(async () => (await rules('upper')).length === 0);
});

it('the cluster says since when uses of such Secrets are noted, once', async () => {
  const key = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
  const since = async (): Promise<string | undefined> => (await plane.client.get(ConfigMaps, key)).data?.['since'];
  await bootstrapTokenTracking(plane.client, '2030-01-01T10:00:00Z');
  await bootstrapTokenTracking(plane.client, '2031-01-01T10:00:00Z');
  expect(await since()).toBe('2030-01-01');
  await plane.client.patch(ConfigMaps, key, { data: { since: 'once' } });
  await bootstrapTokenTracking(plane.client, '2031-01-01T10:00:00Z');
  expect(await since()).toBe('2031-01-01');
});

it('a Secret for a token gets it with authority and namespace, and goes with its account', async () => {
  const { client } = plane;
  const account = await client.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'robot' } });
  const make = (name: string, of: string): Promise<Secret> => client.create(Secrets, { metadata: { namespace: 'default', name, annotations: { 'kubernetes.io/service-account.name': of } }, type: 'kubernetes.io/service-account-token' });
  const key = { namespace: 'default', name: 'robot-token' };
  await make('robot-token', 'robot');
  await plane.untilAsync(async () => (await client.get(Secrets, key)).data?.['token']);
  const { data, metadata } = await client.get(Secrets, key);
  const text = (name: string): string => Buffer.from(data![name]!, 'base64').toString();
  expect([text('ca.crt'), text('namespace'), metadata.annotations]).toEqual(['PEM', 'default', { 'kubernetes.io/service-account.name': 'robot', 'kubernetes.io/service-account.uid': account.metadata.uid }]);
  expect(JSON.parse(Buffer.from(text('token').split('.')[1]!, 'base64url').toString())).toEqual({
    iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:default:robot', 'kubernetes.io/serviceaccount/namespace': 'default', 'kubernetes.io/serviceaccount/secret.name': 'robot-token',
    'kubernetes.io/serviceaccount/service-account.name': 'robot', 'kubernetes.io/serviceaccount/service-account.uid': account.metadata.uid,
  });
  const gone = (name: string): Promise<boolean> => client.get(Secrets, { namespace: 'default', name }).then(() => false, (error: unknown) => isNotFound(error));
  await client.delete(ServiceAccounts, { namespace: 'default', name: 'robot' });
  await plane.untilAsync(() => gone('robot-token'));
  await make('stray', 'nobody');
  await plane.untilAsync(() => gone('stray'));
});
