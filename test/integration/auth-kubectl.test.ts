// Who may what through real kubectl of two ages: can-i, whoami, create token, create role and rolebinding, auth reconcile; as the
// administrator, as somebody else, and with a ServiceAccount's token alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Client } from '../../src/client/client.ts';
import { kubeconfig } from '../../src/client/kubeconfig.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';
import { describeKubectls } from '../support/kubectl.ts';

let api: HttpsApi;
let directory = '';
beforeAll(async () => {
  api = await startHttpsApi({ policy: true });
  directory = mkdtempSync(join(tmpdir(), 'dray-auth-'));
  writeFileSync(join(directory, 'admin'), kubeconfig(api.admin, { cluster: 'test', user: 'admin' }));
  // Nothing but the server and its authority: who asks comes with the command.
  writeFileSync(join(directory, 'nobody'), JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', users: [], contexts: [{ name: 'c', context: { cluster: 'test', user: '' } }],
    clusters: [{ name: 'test', cluster: { server: api.admin.server, 'certificate-authority-data': Buffer.from(api.admin.ca).toString('base64') } }],
  }));
  await new Client(api.memory('kubernetes-admin', 'system:masters')).create(ServiceAccounts, { metadata: { namespace: 'default', name: 'robot' } });
});
afterAll(async () => {
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Result { readonly code: number | null; readonly out: string; readonly err: string }
async function kubectl(path: string, config: string, args: readonly string[], input = ''): Promise<Result> {
  const child = spawn(path, ['--kubeconfig', join(directory, config), '--cache-dir', join(directory, 'cache'), ...args], { stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString(); });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

describeKubectls(['1.27', '1.33'], (version, path) => {
  const run = async (...args: string[]): Promise<Result> => kubectl(path, 'admin', args);
  const robot = 'system:serviceaccount:default:robot';
  const suffix = version.replace('.', '-');

  it('auth can-i, for oneself and for others', async () => {
    expect(await run('auth', 'can-i', 'delete', 'nodes')).toMatchObject({ code: 0, out: expect.stringMatching(/^yes$/m) });
    expect(await run('auth', 'can-i', 'get', 'pods', '--as', 'tom')).toMatchObject({ code: 1, out: 'no\n' });
    expect(await run('auth', 'can-i', 'get', '/version', '--as', 'tom')).toMatchObject({ code: 0, out: 'yes\n' });
    const list = await run('auth', 'can-i', '--list', '--as', 'tom');
    expect(list.code).toBe(0);
    expect(list.out).toMatch(/selfsubjectreviews\.authentication\.k8s\.io\s+\[\]\s+\[\]\s+\[create\]/);
    expect(list.out).toMatch(/\[\/healthz\]\s+\[\]\s+\[get\]/);
    expect(list.err).not.toContain('incomplete');
  });

  it('auth whoami', async () => {
    const { code, out, err } = await run('auth', 'whoami', '--as', 'tom', '--as-group', 'team');
    // It knows only the beta versions of the review, which are no longer served.
    if (version === '1.27') return expect([code, err]).toEqual([1, expect.stringContaining('selfsubjectreviews')]);
    expect(code).toBe(0);
    expect(out).toMatch(/Username\s+tom/);
    expect(out).toMatch(/Groups\s+\[team system:authenticated\]/);
  });

  it('create token, and a life with it', async () => {
    const { code, out } = await run('create', 'token', 'robot', '--duration', '1h', '--audience', 'https://kubernetes.default.svc.cluster.local');
    expect(code).toBe(0);
    const token = out.trim();
    const withToken = (...args: string[]): Promise<Result> => kubectl(path, 'nobody', ['--token', token, ...args]);
    expect(await withToken('get', 'configmaps')).toMatchObject({ code: 1, err: expect.stringContaining(`configmaps is forbidden: User "${robot}" cannot list resource "configmaps" in API group "" in the namespace "default"`) });
    expect((await run('create', 'role', `reader-${suffix}`, '--verb=get,list', '--resource=configmaps')).out).toBe(`role.rbac.authorization.k8s.io/reader-${suffix} created\n`);
    expect((await run('create', 'rolebinding', `reader-${suffix}`, `--role=reader-${suffix}`, '--serviceaccount=default:robot')).out).toBe(`rolebinding.rbac.authorization.k8s.io/reader-${suffix} created\n`);
    expect(await withToken('get', 'configmaps')).toMatchObject({ code: 0, err: expect.stringContaining('No resources found') });
    expect(await withToken('auth', 'can-i', 'list', 'configmaps')).toMatchObject({ code: 0, out: 'yes\n' });
    expect(await withToken('auth', 'can-i', 'list', 'secrets')).toMatchObject({ code: 1, out: 'no\n' });
    const escalation = await withToken('create', 'role', 'more', '--verb=get', '--resource=secrets');
    expect(escalation.err).toContain(`roles.rbac.authorization.k8s.io is forbidden: User "${robot}" cannot create resource "roles"`);
    await run('delete', 'rolebinding', `reader-${suffix}`);
    expect((await withToken('get', 'configmaps')).code).toBe(1);
  });

  it('auth reconcile makes what is missing and adds what lacks', async () => {
    const policy = (verbs: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reconciled-${suffix} }
rules: [{ apiGroups: [""], resources: [pods], verbs: ${verbs} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: reconciled-${suffix} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reconciled-${suffix} }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: people-${suffix} }]
`;
    const reconcile = (verbs: string): Promise<Result> => kubectl(path, 'admin', ['auth', 'reconcile', '-f', '-'], policy(verbs));
    const made = await reconcile('[get]');
    expect([made.code, made.out]).toEqual([0, expect.stringContaining(`clusterrole.rbac.authorization.k8s.io/reconciled-${suffix} reconciled`)]);
    expect(await run('auth', 'can-i', 'get', 'pods', '--as', 'ann', '--as-group', `people-${suffix}`)).toMatchObject({ out: 'yes\n' });
    expect((await reconcile('[list]')).code).toBe(0);
    const verbs = await run('get', 'clusterrole', `reconciled-${suffix}`, '-o', 'jsonpath={.rules[*].verbs}');
    expect(verbs.out).toBe('["get"] ["list"]');
  });
});
