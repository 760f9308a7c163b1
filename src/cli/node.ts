// `dray node`: keeps Pods off a host, moves them away, and takes a host out of the cluster.
// upstream: k8s.io/kubectl/pkg/drain/{drain,cordon}.go
import { isPodTerminal } from '../api/core/pod-conditions.ts';
import { findCondition } from '../apimachinery/conditions.ts';
import { isNotFound, StatusError } from '../apimachinery/status-error.ts';
import { Nodes, type Node } from '../api/core/node.ts';
import { Pods, type Pod } from '../api/core/pod.ts';
import { keyOf, type Client } from '../client/client.ts';
import { formatDuration } from '../apimachinery/duration.ts';
import type { Clock } from '../util/clock.ts';
import { UsageError } from './cluster.ts';
import { planDrain, type DrainChoice } from './drain-plan.ts';

/** What a budget or a failing request holds back is tried again after this. */
const retryMs = 5000;
const lookMs = 500;

export interface NodeOutput { say(line: string): void; warn(line: string): void }

/** @throws UsageError when there is none */
async function nodeNamed(client: Client, name: string): Promise<Node> {
  const node = await client.get(Nodes, { name }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  if (!node) throw new UsageError(`nodes "${name}" not found`);
  return node;
}

export async function cordonNode(client: Client, name: string, unschedulable: boolean, { say }: NodeOutput): Promise<void> {
  const { spec } = await nodeNamed(client, name);
  const word = unschedulable ? 'cordoned' : 'uncordoned';
  if ((spec.unschedulable ?? false) === unschedulable) return say(`node/${name} already ${word}`);
  await client.patch(Nodes, { name }, { spec: { unschedulable: unschedulable || null } });
  say(`node/${name} ${word}`);
}

export interface DrainOptions extends DrainChoice {
  /** 0: as long as it takes. */
  readonly timeoutMs: number;
}

/** Cordons the node and evicts its Pods, as disruption budgets allow; resolves when they are gone. @throws UsageError for Pods it must be told to end, Error when time is over */
export async function drainNode(client: Client, name: string, options: DrainOptions, output: NodeOutput, clock: Clock): Promise<void> {
  const { say, warn } = output;
  await cordonNode(client, name, true, output);
  const { items } = await client.list(Pods, { fieldSelector: `spec.nodeName=${name}` });
  const { evict, faults, warnings } = planDrain(items, options);
  if (faults.length) throw new UsageError(`unable to drain node "${name}": ${faults.join('; ')}; it stays cordoned`);
  for (const warning of warnings) warn(`Warning: ${warning}`);
  const deadline = options.timeoutMs ? clock.monotonic() + options.timeoutMs : Infinity;
  const wait = async (ms: number): Promise<void> => {
    if (clock.monotonic() >= deadline) throw new Error(`unable to drain node "${name}": global timeout reached: ${formatDuration(options.timeoutMs)}; it stays cordoned`);
    await clock.sleep(Math.min(ms, deadline - clock.monotonic()));
  };
  const ended = await Promise.allSettled(evict.map(async (pod) => {
    await evictPod(client, pod, output, wait);
    while (await isThere(client, pod)) await wait(lookMs);
    say(`pod/${pod.metadata.name} evicted`);
  }));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
  say(`node/${name} drained`);
}

async function evictPod(client: Client, pod: Pod, { say, warn }: NodeOutput, wait: (ms: number) => Promise<void>): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  for (;;) {
    say(`evicting pod ${keyOf(pod)}`);
    try {
      await client.post(Pods, pod.metadata, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name }, deleteOptions: { preconditions: { uid } } });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      // Another Pod of that name is there by now.
      if (error instanceof StatusError && error.code === 409 && !(await isThere(client, pod))) return;
      if (!(error instanceof StatusError) || error.code !== 429) throw error;
      warn(`error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)} (will retry after ${retryMs / 1000}s): ${error.message}`);
      await wait(retryMs);
    }
  }
}

async function isThere(client: Client, { metadata }: Pod): Promise<boolean> {
  const found = await client.get(Pods, metadata).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  return found?.metadata.uid === metadata.uid;
}

/** Refuses the node's certificates and deletes its object. A node that still runs what others could is not taken out unless `force`. @throws UsageError */
export async function removeNode(client: Client, name: string, { force }: { readonly force: boolean }, { say }: NodeOutput): Promise<void> {
  const node = await nodeNamed(client, name);
  const ready = findCondition(node.status?.conditions as never, 'Ready')?.status === 'True';
  if (ready && !force) {
    const { items } = await client.list(Pods, { fieldSelector: `spec.nodeName=${name}` });
    const { evict } = planDrain(items, { force: true, deleteEmptydirData: true });
    const running = evict.filter((pod) => !isPodTerminal(pod)).length;
    if (running) throw new UsageError(`node "${name}" is Ready and runs ${running} Pods: move them with "dray node drain ${name}" first, or use --force`);
  }
  await client.transport.request({ method: 'DELETE', path: `/dray/v1/nodes/${encodeURIComponent(name)}/certificate` });
  await client.delete(Nodes, { name }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  say(`node "${name}" removed; "dray leave" on that host removes what its agent left there`);
}
