// A whole control plane in this process on a fake clock: API server, controllers, scheduler, and nodes whose kubelet only
// pretends: Pods bound to them become ready at once, deleted ones go at once.
import { Leases } from '../../src/api/coordination/lease.ts';
import { Events } from '../../src/api/core/event.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { Client, keyOf, splitKey, type Draft } from '../../src/client/client.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import type { ApiRequest, Transport } from '../../src/client/transport.ts';
import { ControllerRunner } from '../../src/controller/runner.ts';
import { FakeClock, microTimestamp, timestamp } from '../../src/util/clock.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { createControllers } from '../../master/controllers/index.ts';
import { controllerUser, managerUser, schedulerUser } from '../../master/identities.ts';
import type { User } from '../../master/registry/request-context.ts';
import { runScheduler } from '../../master/scheduler/scheduler.ts';
import { startTestApi } from './api-server.ts';

export interface ControlPlaneOptions {
  readonly nodes?: readonly string[];
  /** Whether a Pod's containers start and become ready; looked at whenever the Pod changes. */
  readonly healthy?: (pod: Pod) => boolean;
  /** Whether the kubelet finishes a deletion; default at once. */
  readonly finishes?: (pod: Pod) => boolean;
  /** How a running Pod's containers end: their exit code; undefined while they go on. */
  readonly exits?: (pod: Pod) => number | undefined;
  /**
   * Whether the process of the controllers is killed at this write of theirs, before it is carried out or after; others start at once, and
   * know nothing but what the API says. Writes of Events do not count.
   */
  readonly dies?: (write: ApiRequest) => 'before' | 'after' | undefined;
  readonly log?: Log;
}

export interface ControlPlane {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly informers: InformerFactory;
  /** Moves time on in small steps until the check holds; after `limitMs` of fake time it stands still, and what goes on beside it has a while longer. */
  until(check: () => unknown, what?: string, limitMs?: number): Promise<void>;
  /** The same for a check that asks the API. */
  untilAsync(check: () => Promise<unknown>, what?: string, limitMs?: number): Promise<void>;
  /** Stops a node's heartbeats. */
  silence(node: string): void;
  /** Lets the kubelets look at every Pod again. */
  nudge(): void;
  stop(): Promise<void>;
}

/** What it has sent is carried out before the next life begins: the API server, too, is of this process. */
interface Life { readonly stop: AbortController; readonly sent: Set<Promise<void>> }

/** A connection that is gone with the process: what it has not sent by then, it never sends. */
function mortal(transport: Transport, life: Life, dies: NonNullable<ControlPlaneOptions['dies']>, reborn: () => void): Transport {
  const { stop, sent } = life;
  return {
    async request(request) {
      const gone = (): never => { throw stop.signal.reason; };
      if (stop.signal.aborted) gone();
      const fate = request.method === 'GET' || request.path.includes('/events') ? undefined : dies(request);
      let answer: Promise<unknown> = Promise.resolve();
      if (fate !== 'before') {
        answer = transport.request(request);
        const over = answer.then(() => undefined, () => undefined).finally(() => sent.delete(over));
        sent.add(over);
      }
      const value = await answer;
      if (stop.signal.aborted) gone();
      if (!fate) return value;
      stop.abort(new Error('killed'));
      void Promise.all(sent).then(reborn);
      return gone();
    },
    watch: (request) => transport.watch(request),
    close: () => transport.close(),
  };
}

const stepMs = 5;
/** Keys and signatures are made by threads, on real time. */
const besideMs = 5000;
const allocatable = { cpu: '8', memory: '16Gi', pods: '110' };

const addressOf = (n: number): string => `10.42.${n >> 8}.${n & 255}`;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { nodes = ['node-1', 'node-2'], healthy = () => true, finishes = () => true, exits = () => undefined, log = silentLog } = options;
  const clock = new FakeClock();
  const api = await startTestApi({ clock, policy: true });
  const { client } = api;
  // Each part acts as who it is: what the default roles do not let it do fails here too.
  const as = ({ name, groups }: User): Client => api.as(name, ...groups);
  const informers = new InformerFactory(as(managerUser), { clock, log: silentLog });
  const stop = new AbortController();
  const { signal } = stop;
  const common = { informers, events: Events, clock, log };
  const running: Promise<unknown>[] = [];
  /** One life of the controllers' process. */
  const live = (own: Life, caches: InformerFactory): void => {
    const controllers = createControllers({ resources: api.registry.served, clusterCIDR: '10.42.0.0/16', rootCA: 'PEM', tokens: api.tokens });
    running.push(...controllers.map((controller) => {
      const user = as(controllerUser(controller.name));
      const client = options.dies ? new Client(mortal(user.transport, own, options.dies, reborn)) : user;
      return new ControllerRunner(controller, { ...common, informers: caches, client }).run(own.stop.signal);
    }));
  };
  const reborn = (): void => {
    if (signal.aborted) return;
    const own: Life = { stop: new AbortController(), sent: new Set() };
    signal.addEventListener('abort', () => own.stop.abort(signal.reason), { once: true });
    const caches = new InformerFactory(as(managerUser), { clock, log: silentLog });
    live(own, caches);
    caches.start(own.stop.signal);
  };
  if (!options.dies) live({ stop, sent: new Set() }, informers);
  running.push(runScheduler({ ...common, client: as(schedulerUser), signal, random: () => 0 }));

  const silent = new Set<string>();
  for (const name of nodes) {
    await client.create(Nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
    const node = await client.get(Nodes, { name });
    await client.updateStatus(Nodes, { ...node, status: { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(clock.now()), lastTransitionTime: timestamp(clock.now()), reason: 'KubeletReady', message: 'ready' }] } } as Draft<typeof node>);
    await client.create(Leases, { metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp(clock.now()) } });
    const renew = (): void => {
      clock.after(10_000, () => {
        if (signal.aborted || silent.has(name)) return;
        client.patch(Leases, { name, namespace: 'kube-node-lease' }, { spec: { renewTime: microTimestamp(clock.now()) } }).then(renew, (error: unknown) => { if (!isNotFound(error) && !signal.aborted) log.error({ error }, 'the pretended heartbeat failed'); });
      });
    };
    renew();
  }

  const pods = informers.informer(Pods);
  let nextAddress = 2;
  const sync = async (key: string): Promise<void> => {
    const pod = pods.get(key);
    if (!pod?.spec.nodeName || signal.aborted || silent.has(pod.spec.nodeName)) return;
    if (pod.metadata.deletionTimestamp) {
      if (finishes(pod)) await client.delete(Pods, splitKey(key), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
      return;
    }
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return;
    const exitCode = pod.status?.phase === 'Running' ? exits(pod) : undefined;
    if (exitCode !== undefined) {
      const at = timestamp(clock.now());
      const containerStatuses = pod.spec.containers.map(({ name, image }) => ({ name, image: image ?? '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, startedAt: at, finishedAt: at } } }));
      const conditions = [...(pod.status!.conditions ?? []).filter((c) => c.type !== 'Ready'), { type: 'Ready', status: 'False', lastTransitionTime: at }];
      await client.updateStatus(Pods, { ...pod, status: { ...pod.status, phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses, conditions } } as Draft<Pod>);
      return;
    }
    const ready = healthy(pod) ? 'True' : 'False';
    if (pod.status?.phase === 'Running' && pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === ready)) return;
    const now = timestamp(clock.now());
    const podIP = pod.status?.podIP || addressOf(nextAddress++);
    const conditions = [...(pod.status?.conditions ?? []).filter((c) => c.type !== 'Ready'), { type: 'Ready', status: ready, lastTransitionTime: now }];
    await client.updateStatus(Pods, { ...pod, status: { ...pod.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }], startTime: now, conditions } } as Draft<Pod>);
  };
  const kubelet = (pod: Pod): void => { void sync(keyOf(pod)).catch((error: unknown) => { if (!isNotFound(error) && !isConflict(error) && !signal.aborted) log.error({ error }, 'the pretended kubelet failed'); }); };
  pods.addHandler({ added: kubelet, updated: kubelet });

  informers.start(signal);
  if (options.dies) reborn();
  await informers.synced(signal);

  const untilAsync: ControlPlane['untilAsync'] = async (check, what = check.toString(), limitMs = 30_000) => {
    const end = clock.now() + limitMs;
    for (let late: number | undefined; !(await check());) {
      if (clock.now() <= end) await clock.advance(stepMs);
      else if (Date.now() > (late ??= Date.now() + besideMs)) throw new Error(`did not come true in ${limitMs} ms: ${what}`);
      else await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  };
  // Pods are refused before their namespace has its account.
  const accounts = informers.informer(ServiceAccounts);
  await untilAsync(() => Promise.resolve(accounts.get('default/default')), 'the default account');
  return {
    client, clock, informers, untilAsync,
    until: (check, what = check.toString(), limitMs) => untilAsync(() => Promise.resolve(check()), what, limitMs),
    silence: (node) => { silent.add(node); },
    nudge: () => { for (const pod of pods.list()) kubelet(pod); },
    async stop() {
      stop.abort(new Error('stopped'));
      await Promise.allSettled(running);
      await api.stop();
    },
  };
}
