// A master of its own registers what it serves, and tells extension servers whom to trust: by its own certificates on disk.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustomResourceDefinitions } from '../../src/api/apiextensions/custom-resource-definition.ts';
import { APIServices, type APIService } from '../../src/api/apiregistration/api-service.ts';
import { managedLabel } from '../../src/api/apiregistration/registered.ts';
import { ConfigMaps, type ConfigMap } from '../../src/api/core/config-map.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import type { ObjectHead, ResourceDefinition } from '../../src/schema/resource.ts';
import { masterProcess, type MasterProcess } from '../support/master-process.ts';

let directory: string;
let master: MasterProcess;
let transport: HttpTransport;
let client: Client;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dray-registration-'));
  master = await masterProcess(directory);
  await master.start();
  transport = new HttpTransport({ access: () => readKubeconfig(master.kubeconfig), userAgent: 'test' });
  client = new Client(transport);
});
afterAll(async () => {
  await transport.close();
  await master.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Follows all objects of a kind until they are as asked. */
async function until<T extends ObjectHead>(resource: ResourceDefinition<T>, is: (objects: ReadonlyMap<string, T>) => boolean): Promise<ReadonlyMap<string, T>> {
  const { items, metadata } = await client.list<T>(resource);
  const objects = new Map(items.map((item) => [item.metadata.name, item]));
  if (is(objects)) return objects;
  const over = new AbortController();
  try {
    for await (const { type, object } of client.watch<T>(resource, { resourceVersion: metadata.resourceVersion!, signal: over.signal })) {
      if (type === 'DELETED') objects.delete(object.metadata.name);
      else objects.set(object.metadata.name, object);
      if (is(objects)) return objects;
    }
  } finally {
    over.abort();
  }
  throw new Error('the watch ended');
}
const reason = (apiService: APIService | undefined): string | undefined => findCondition(apiService?.status?.conditions, 'Available')?.reason;

it('registers its own group versions, which are always available', async () => {
  const { groups } = await transport.request({ method: 'GET', path: '/apis' }) as { groups: { name: string; versions: { version: string }[] }[] };
  const names = groups.filter(({ name }) => name !== 'apiregistration.k8s.io' && name !== 'metrics.k8s.io').flatMap(({ name, versions }) => versions.map(({ version }) => `${version}.${name}`));
  const services = await until<APIService>(APIServices, (all) => ['v1.', ...names].every((one) => reason(all.get(one)) === 'Local'));
  expect([services.size, names]).toEqual([names.length + 1, expect.arrayContaining(['v1.apps', 'v2.autoscaling'])]);
  expect(services.get('v1.apps')).toMatchObject({ metadata: { labels: { [managedLabel]: 'onstart' } }, spec: { groupPriorityMinimum: 17_800, versionPriority: 15 } });
});
it('keeps what others say of one beside it', async () => {
  const apiService = await client.get<APIService>(APIServices, { name: 'v1.batch' });
  const theirs = { type: 'StatusUpdated', status: 'True', lastTransitionTime: null, reason: 'E2E', message: 'Set from e2e test' };
  const conditions = [{ type: 'Available', status: 'False', reason: 'Wrong', message: '' }, theirs];
  await client.updateStatus(APIServices, { ...apiService, status: { conditions } } as never);
  const services = await until<APIService>(APIServices, (all) => reason(all.get('v1.batch')) === 'Local');
  expect(services.get('v1.batch')!.status!.conditions).toMatchObject([{ type: 'Available', status: 'True' }, { type: 'StatusUpdated', reason: 'E2E' }]);
});
it('makes one again that somebody deletes', async () => {
  const { metadata: { uid } } = await client.get(APIServices, { name: 'v1.apps' });
  await client.delete(APIServices, { name: 'v1.apps' });
  const services = await until<APIService>(APIServices, (all) => all.has('v1.apps') && all.get('v1.apps')!.metadata.uid !== uid);
  expect(services.get('v1.apps')!.spec).toMatchObject({ group: 'apps', version: 'v1' });
});
it('has those of CustomResourceDefinitions come and go with them', async () => {
  const names = { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  await client.create(CustomResourceDefinitions, { metadata: { name: 'things.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }, { name: 'v2', served: true, storage: false, schema }] } } as never);
  const services = await until<APIService>(APIServices, (all) => all.has('v1.example.com') && all.has('v2.example.com'));
  expect(services.get('v2.example.com')).toMatchObject({ metadata: { labels: { [managedLabel]: 'true' } }, spec: { group: 'example.com', version: 'v2', groupPriorityMinimum: 1000, versionPriority: 100 } });
  await client.patch(APIServices, { name: 'v2.example.com' }, { spec: { versionPriority: 1 } });
  await until<APIService>(APIServices, (all) => all.get('v2.example.com')?.spec.versionPriority === 100);
  await client.delete(CustomResourceDefinitions, { name: 'things.example.com' });
  await until<APIService>(APIServices, (all) => !all.has('v1.example.com') && !all.has('v2.example.com'));
});
it('tells whom to trust, also again', async () => {
  const name = 'extension-apiserver-authentication';
  const published = (all: ReadonlyMap<string, ConfigMap>): ConfigMap | undefined => all.get(name);
  const { data = {}, metadata: { uid } } = published(await until<ConfigMap>(ConfigMaps, (all) => all.has(name)))!;
  expect(data).toMatchObject({ 'requestheader-allowed-names': '["front-proxy-client"]', 'requestheader-username-headers': '["X-Remote-User"]', 'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]' });
  const file = (pki: string): string => readFileSync(join(directory, 'pki', pki), 'utf8');
  const proxy = new X509Certificate(file('front-proxy-client.crt'));
  const [clients, frontProxy] = [new X509Certificate(data['client-ca-file']!), new X509Certificate(data['requestheader-client-ca-file']!)];
  expect([proxy.subject, proxy.verify(frontProxy.publicKey), proxy.verify(clients.publicKey)]).toEqual(['CN=front-proxy-client', true, false]);
  expect(new X509Certificate(readKubeconfig(master.kubeconfig).cert).verify(clients.publicKey)).toBe(true);
  await client.delete(ConfigMaps, { namespace: 'kube-system', name });
  expect(published(await until<ConfigMap>(ConfigMaps, (all) => all.has(name) && all.get(name)!.metadata.uid !== uid))!.data).toEqual(data);
});
