// From a token to a node's credentials: finds out whom to trust by the hash of the authority's key, compares clocks and names, and
// asks for a certificate. Every refusal is one line that says what to put right.
// upstream: cmd/kubeadm/app/discovery/token/token.go, cmd/kubeadm/app/cmd/phases/join/kubelet.go, client-go util/certificate/csr
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { findCondition } from '../apimachinery/conditions.ts';
import { isNotFound, StatusError } from '../apimachinery/status-error.ts';
import { CertificateSigningRequests, type CertificateSigningRequest } from '../api/certificates/certificate-signing-request.ts';
import { bootstrapTokenText, clusterInfo, clusterInfoKey, type BootstrapToken } from '../api/core/bootstrap-token.ts';
import { ConfigMaps } from '../api/core/config-map.ts';
import { Nodes } from '../api/core/node.ts';
import { caHash } from '../client/ca-hash.ts';
import { Client, resourcePath } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readPublicKubeconfig, type ClusterAccess } from '../client/kubeconfig.ts';
import { TransportError } from '../client/transport.ts';
import { humanDuration } from '../apimachinery/duration.ts';
import type { Clock } from '../util/clock.ts';
import { UsageError } from './cluster.ts';

/** What the shortest certificate allows for, backwards; tokens and leases are no stricter. */
const skewMs = 5 * 60_000;
const answerMs = 10_000;
const maxAnswerBytes = 1024 * 1024;
/** How long somebody has to approve a request that no controller approves. */
const approvalMs = 60_000;

interface Answer { readonly status: number; readonly body: string; /** ms since the epoch, by the clock of who answers. */ readonly date: number | undefined }

/** One GET without a client certificate. @throws Error of the connection */
function get(url: URL, tls: Pick<RequestOptions, 'ca' | 'rejectUnauthorized'>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ...tls, timeout: answerMs, agent: false, headers: { accept: 'application/json', 'user-agent': 'dray' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > maxAnswerBytes) request.destroy(new Error('the answer is too long'));
      });
      response.once('error', reject);
      response.once('end', () => {
        const date = Date.parse(response.headers.date ?? '');
        resolve({ status: response.statusCode ?? 0, body, date: Number.isNaN(date) ? undefined : date });
      });
    });
    request.once('timeout', () => request.destroy(new Error(`no answer in ${answerMs / 1000} s`)));
    request.once('error', reject);
    request.end();
  });
}

/** What differs too much between this host's clock and the master's, as one sentence; undefined when nothing does. */
export function clockFault(now: number, master: number | undefined): string | undefined {
  if (master === undefined || Math.abs(now - master) <= skewMs) return undefined;
  return `the clock of this host is ${humanDuration(Math.abs(now - master))} ${now < master ? 'behind' : 'ahead of'} the master's: set it (timedatectl set-ntp true, or date --set) and repeat`;
}

const infoURL = (server: string): URL => new URL(resourcePath(ConfigMaps, clusterInfo), server);
/** What the clock of the master says, in ms since the epoch; undefined when it does not tell. Trusts whoever answers. @throws Error of the connection */
export const masterDate = async (server: string): Promise<number | undefined> => (await get(infoURL(server), { rejectUnauthorized: false })).date;

/**
 * Reads cluster-info without trusting anybody, takes its authority when the hash of its key is the one that was given, and connects
 * again by it. Resolves with the authority's PEM. @throws UsageError
 */
export async function discover(server: string, hash: string, clock: Pick<Clock, 'now'>): Promise<string> {
  const url = infoURL(server);
  const reach = (tls: Pick<RequestOptions, 'ca' | 'rejectUnauthorized'>): Promise<Answer> => get(url, tls).catch((error: NodeJS.ErrnoException) => {
    const wrongTime = error.code === 'CERT_NOT_YET_VALID' || error.code === 'CERT_HAS_EXPIRED';
    throw new UsageError(`the master at ${server} ${tls.ca ? 'cannot be trusted' : 'cannot be reached'}: ${error.message || error.code}${wrongTime ? "; compare this host's clock with the master's" : ''}`);
  });
  const answer = await reach({ rejectUnauthorized: false });
  let text: string | undefined;
  try {
    text = (JSON.parse(answer.body) as { data?: Record<string, string> }).data?.[clusterInfoKey];
  } catch {
    // Whatever answers there speaks another language.
  }
  const info = text === undefined ? undefined : readPublicKubeconfig(text);
  if (!info) throw new UsageError(`${server} is no master of a Dray cluster: it answers ${answer.status} when asked for ${clusterInfo.namespace}/${clusterInfo.name}`);
  let found: string;
  try {
    found = caHash(info.ca);
  } catch (error) {
    throw new UsageError(`${server} names an authority that is none: ${(error as Error).message}`);
  }
  if (found !== hash.toLowerCase()) throw new UsageError(`--ca-hash: the authority of ${server} has ${found}, not ${hash}: this is another cluster, or somebody between it and this host`);
  const fault = clockFault(clock.now(), answer.date);
  if (fault !== undefined) throw new UsageError(fault);
  await reach({ ca: info.ca });
  return info.ca;
}

export interface CredentialsRequest { readonly server: string; readonly ca: string; readonly token: BootstrapToken; readonly nodeName: string }

/** A key made here and the certificate the cluster signs for it. @throws UsageError */
export async function requestCredentials({ server, ca, token, nodeName }: CredentialsRequest, timeoutMs = approvalMs): Promise<ClusterAccess> {
  const transport = new HttpTransport({ access: { server, ca, cert: '', key: '' }, userAgent: 'dray', token: bootstrapTokenText(token) });
  const client = new Client(transport);
  try {
    await checkName(client, nodeName);
    const { certificateRequest } = await import('../client/certificate-request.ts');
    const { key, request } = await certificateRequest({ commonName: `system:node:${nodeName}`, organization: 'system:nodes' });
    const { metadata: { name } } = await client.create<CertificateSigningRequest>(CertificateSigningRequests, {
      metadata: { generateName: 'csr-' },
      spec: { request: Buffer.from(request).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] },
    });
    return { server, ca, key, cert: await signed(client, name, timeoutMs) };
  } catch (error) {
    if (error instanceof StatusError && error.code === 401) throw new UsageError(`--token: ${server} does not take the token with id "${token.id}": it is wrong, expired or deleted; "dray token create" on the master makes another`);
    if (error instanceof StatusError) throw new UsageError(`${server} refuses: ${error.message}`);
    if (error instanceof TransportError) throw new UsageError(`the master at ${server} cannot be reached: ${error.message}`);
    throw error;
  } finally {
    await transport.close();
  }
}

/** A node that is Ready is somebody's; one that is not may be this host, set up anew. */
async function checkName(client: Client, name: string): Promise<void> {
  const node = await client.get(Nodes, { name }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  if (node && findCondition(node.status?.conditions as never, 'Ready')?.status === 'True') throw new UsageError(`--node-name: a node called "${name}" is Ready in this cluster already; choose another name, or take that one out with "dray node remove ${name}"`);
}

/** PEM of the certificate, as soon as the request has it. */
async function signed(client: Client, name: string, timeoutMs: number): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  while (!signal.aborted) {
    for await (const { type, object } of client.watch<CertificateSigningRequest>(CertificateSigningRequests, { fieldSelector: `metadata.name=${name}`, resourceVersion: '0', signal })) {
      if (type === 'DELETED') throw new UsageError(`the request ${name} for a certificate was deleted before it was answered`);
      const no = object.status.conditions?.find((condition) => condition.type === 'Denied' || condition.type === 'Failed');
      if (no) throw new UsageError(`the request ${name} for a certificate was ${no.type.toLowerCase()}: ${no.message ?? no.reason ?? ''}`);
      if (object.status.certificate) return Buffer.from(object.status.certificate, 'base64').toString();
    }
  }
  throw new UsageError(`nobody answered the request ${name} for a certificate: the token's groups may not let it be approved by itself; approve it with "kubectl certificate approve", or make another token`);
}
