// `dray ui`: the address of the web UI with a token in its fragment, which browsers keep to themselves. The token is a ServiceAccount's:
// it ends by itself, and at once when the account is deleted.
import { ServiceAccounts } from '../api/core/service-account.ts';
import { ClusterRoleBindings } from '../api/rbac/cluster-role-binding.ts';
import { StatusError } from '../apimachinery/status-error.ts';
import { Client, type ObjectKey } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readKubeconfig } from '../client/kubeconfig.ts';
import type { Transport } from '../client/transport.ts';
import { Cluster, UsageError } from './cluster.ts';
import { runningPid } from './processes.ts';

/** Whom the address signs in when nobody else is named: made for this, bound to cluster-admin. */
const administrator = { namespace: 'kube-system', name: 'dray-ui' };

export interface UiOptions {
  readonly dataDir: string;
  /** `namespace/name`, or a name in `default`. */
  readonly serviceAccount?: string;
  /** Seconds the token is good for; an hour unless given. */
  readonly duration?: number;
}

export async function ui(options: UiOptions): Promise<void> {
  const cluster = new Cluster(options.dataDir);
  const record = cluster.record();
  if (!record) throw new UsageError(`--data-dir: no cluster in ${cluster.dataDir}`);
  if (runningPid(cluster, 'master') === undefined) throw new UsageError(`the master of ${cluster.dataDir} does not run; start it with dray up --detach`);
  const transport = new HttpTransport({ access: readKubeconfig(cluster.adminKubeconfig), userAgent: 'dray' });
  try {
    const { token, until } = await uiToken(transport, options);
    process.stdout.write(`https://${record.advertiseAddress}:${record.port}/ui/#token=${token}\n`);
    process.stderr.write(`good until ${until}; browsers do not know the certificate's authority, which is ${cluster.path('pki', 'ca.crt')}\n`);
  } finally {
    await transport.close();
  }
}

/** @throws StatusError, e.g. for an account that is not there */
export async function uiToken(transport: Transport, { serviceAccount, duration = 3600 }: Pick<UiOptions, 'serviceAccount' | 'duration'>): Promise<{ readonly token: string; readonly until: string }> {
  const client = new Client(transport);
  const account = serviceAccount === undefined ? await administratorAccount(client) : accountNamed(serviceAccount);
  const { status } = await client.post(ServiceAccounts, account, 'token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: duration } }) as { status: { token: string; expirationTimestamp: string } };
  return { token: status.token, until: status.expirationTimestamp };
}

function accountNamed(text: string): ObjectKey {
  const [first = '', second, ...more] = text.split('/');
  if (first === '' || second === '' || more.length) throw new UsageError('--service-account: it must be a name or namespace/name');
  return second === undefined ? { namespace: 'default', name: first } : { namespace: first, name: second };
}

async function administratorAccount(client: Client): Promise<ObjectKey> {
  await unlessThere(() => client.create(ServiceAccounts, { metadata: administrator }));
  await unlessThere(() => client.create(ClusterRoleBindings, {
    metadata: { name: administrator.name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'ServiceAccount', ...administrator }],
  }));
  return administrator;
}

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
  }
}
