// Random faults against twenty Pods of all kinds: after each cycle the node runs again what the API asks for, within a bound, and in the end
// nothing is left that belongs to no Pod. DRAY_FAULT_CYCLES=500 for the long run; DRAY_FAULT_SEED=<number> for the same faults again.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processId } from '../../agent/runtime/engine/dockerd.ts';
import { realClock } from '../../src/util/clock.ts';
import { EngineSilent } from '../../src/util/engine-http.ts';
import { ApiClient, type ApiObject } from '../support/api-client.ts';
import { eventually, startCluster, type TestCluster } from '../support/cluster.ts';
import { EngineApi, type EngineContainer } from '../support/engine-api.ts';
import { engineStacks, isNetworkDeadlock, leftoverEvidence } from '../support/engine-evidence.ts';
import { faultPods, podCount } from '../support/fault-pods.ts';
import { atPlaces, drawCycle, randomFrom, type Fault } from '../support/faults.ts';
import { censusOf, containerName, controlGroups, held, isSandbox, ownMB, podUid, runs, type Held, type NodeCensus } from '../support/node-leaks.ts';

const cycles = Number(process.env['DRAY_FAULT_CYCLES'] ?? 2);
const seed = Number(process.env['DRAY_FAULT_SEED'] ?? 78_271);
/** How long the node may take to run again what is asked for; the slow list (a minute) is not needed for it. */
const boundMs = 55_000;
/** A restart of the engine that ends all containers starts forty of them. */
const engineBoundMs = 150_000;
/** Housekeeping comes once a minute. */
const tidyMs = 150_000;
/** What takes longer may be due to an engine that hangs. */
const patienceMs = 30_000;
const leakEvery = 50;
const memoryEvery = 25;
/** What master and agent may hold beyond what they held in the beginning, however long it lasts: the master keeps up to 1 MB of the past of each resource. */
const moreDescriptors = 25;
const moreMB = 40;
/** The two veth pairs are the host's own cable and that of the Services' namespace. */
const wanted: NodeCensus['surplus'] = { 'overlay mounts': 0, 'network namespaces': 0, 'veth pairs': 2, 'shims': 0, 'proxy workers': 2 };
const namespace = `faults-${randomBytes(3).toString('hex')}`;
const random = randomFrom(seed);
const say = (text: string): void => { process.stdout.write(`${text}\n`); };

interface Status { readonly name: string; readonly containerID?: string; readonly restartCount: number; readonly ready: boolean; readonly state: { readonly running?: object } }
type Pod = ApiObject & { readonly metadata: { readonly deletionTimestamp?: string; readonly labels: Record<string, string> }; readonly status: { readonly phase: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[]; readonly containerStatuses?: readonly Status[]; readonly initContainerStatuses?: readonly Status[] } };

let cluster: TestCluster;
let api: ApiClient;
let engine: EngineApi;
beforeAll(async () => {
  cluster = await startCluster();
  api = new ApiClient(cluster.kubeconfig, `https://${cluster.hosts[0]!.ip}:6443`);
  engine = new EngineApi(cluster.hosts[0]!.dockerHost, 90_000);
});
afterAll(async () => { api?.close(); await cluster?.stop(); });

const pods = async (): Promise<Pod[]> => ((await api.call('GET', `/api/v1/namespaces/${namespace}/pods`)).object.items ?? []) as unknown as Pod[];
const statuses = ({ status }: Pod): Status[] => [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []).filter((s) => s.name === 'sidecar')];
const restarts = (pod: Pod): number => statuses(pod).reduce((sum, s) => sum + s.restartCount, 0);
const directory = (): string => join(cluster.lan.directory, cluster.hosts[0]!.name);

/** What is not as the API asks for, and the API as what runs: empty when all is well. */
async function wrong(): Promise<string[]> {
  const [listed, all] = [await pods(), await engine.containers()];
  const faults = listed.length === podCount ? [] : [`${listed.length} Pods instead of ${podCount}`];
  for (const pod of listed) {
    const { name, uid } = pod.metadata;
    const say = (what: string): void => { faults.push(`${name}: ${what}`); };
    if (pod.metadata.deletionTimestamp) say('is being deleted');
    if (pod.status.phase !== 'Running') say(pod.status.phase);
    if (pod.status.conditions?.find((c) => c.type === 'Ready')?.status !== 'True') say('not Ready');
    const mine = all.filter((c) => podUid(c) === uid && runs(c));
    if (mine.filter(isSandbox).length !== 1) say(`${mine.filter(isSandbox).length} sandboxes run`);
    for (const { name: container, containerID, state, ready } of statuses(pod)) {
      const running = mine.filter((c) => containerName(c) === container);
      if (!state.running || !ready) say(`${container} ${JSON.stringify(state)}`);
      if (running.map((c) => `docker://${c.Id}`).join() !== containerID) say(`${container} is told as ${containerID}, there run ${running.map((c) => c.Id).join() || 'none'}`);
    }
    for (const c of mine) if (c.State === 'paused') say(`${containerName(c)} is paused`);
  }
  for (const c of all) if (podUid(c) && runs(c) && !listed.some((p) => p.metadata.uid === podUid(c))) faults.push(`${c.Names[0]} runs without a Pod`);
  return faults;
}
async function restored(within: number, what: string): Promise<number> {
  const from = Date.now();
  let last: readonly string[] = [];
  await eventually('', async () => { last = []; return (last = await wrong()).length === 0; }, within).catch(async (error: unknown) => {
    if (last.length === 0) throw error;
    throw new Error(`not as it should be ${within / 1000} s after ${what}:\n${last.join('\n')}\n${await cluster.kubectl('get', 'pods', '-n', namespace, '-o', 'wide').catch(String)}`);
  });
  return Date.now() - from;
}

/** Those a fault can meet: the places of containers that have not been restarted yet, so that no back-off is in the way. */
async function targets(fresh: readonly Pod[], sandboxes: boolean): Promise<EngineContainer[]> {
  const order = new Map(fresh.map((pod, i) => [pod.metadata.uid, i]));
  const key = (c: EngineContainer): string => `${String(order.get(podUid(c))).padStart(3, '0')}/${containerName(c)}`;
  return (await engine.containers()).filter((c) => order.has(podUid(c)) && runs(c) && isSandbox(c) === sandboxes && containerName(c) !== 'first').sort((a, b) => key(a).localeCompare(key(b)));
}
/** By label and then by age: names are made up anew in each run. */
const inOrder = (list: readonly Pod[]): Pod[] => [...list].sort((a, b) => (a.metadata.labels['app'] ?? '').localeCompare(b.metadata.labels['app'] ?? '') || Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));

async function upAgain(): Promise<void> {
  const again = await cluster.dray('up', '--detach');
  if (again.code !== 0) throw new Error(`dray up: ${again.stderr}${again.stdout}`);
}
const hostCommand = async (...[command, ...args]: [string, ...string[]]): Promise<void> => {
  const { code, stderr } = await cluster.run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
};

async function commit(fault: Fault, fresh: readonly Pod[]): Promise<string> {
  const [host] = cluster.hosts as [TestCluster['hosts'][0]];
  await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  switch (fault.name) {
    case 'kill the agent': {
      process.kill(cluster.pid('agent'), 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, fault.lastsMs / 4));
      await upAgain();
      return fault.name;
    }
    case 'restart the engine': case 'restart the engine without live-restore': case 'kill the engine': {
      if (fault.name === 'kill the engine') process.kill(processId(directory())!, 'SIGKILL');
      else await host.stopEngine();
      await host.startEngine(`--live-restore=${fault.name === 'restart the engine without live-restore' ? 'false' : 'true'}`);
      return fault.name;
    }
    case 'cut the network': {
      await hostCommand('nft', 'add table ip faults; add chain ip faults cut { type filter hook input priority -300; }; add rule ip faults cut iif lo tcp dport 6443 drop; add rule ip faults cut iif lo tcp sport 6443 drop');
      await new Promise((resolve) => setTimeout(resolve, fault.lastsMs));
      await hostCommand('nft', 'delete', 'table', 'ip', 'faults');
      return `${fault.name} for ${fault.lastsMs} ms`;
    }
    default: {
      const verb = fault.name.split(' ')[0] as 'kill' | 'stop' | 'remove' | 'pause' | 'rename';
      let met: EngineContainer[];
      try {
        met = atPlaces(await targets(fresh, fault.name.includes('sandbox')), fault.places);
        await Promise.all(met.map(({ Id }) => engine.act(verb, Id)));
      } catch (error) {
        // An engine that waits in vain for a process to be reaped has carried out no fault; what becomes of the container is the node's to put right.
        // Nor has one that met a container at the moment another ended it.
        if (/is zombie and can not be killed|container not running|stopped container/.test((error as Error).message)) return `${fault.name}, which the engine could not carry out`;
        if (!['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        return `${fault.name}, while the engine is away`;
      }
      return `${fault.name} of ${met.map((c) => c.Names[0]!.slice(1).replace(/_[0-9a-f-]{36}_/, '_').replace(`_${namespace}`, '')).join(', ')}`;
    }
  }
}

/** Pods that were restarted make room for new ones: their back-off grows with every fault. */
async function renew(worn: readonly Pod[]): Promise<void> {
  const apps = new Set(worn.map((p) => p.metadata.labels['app']!));
  const remove = async (path: string): Promise<void> => {
    const { status, object } = await api.call('DELETE', path, { propagationPolicy: 'Background' });
    if (status >= 300 && status !== 404) throw new Error(`DELETE ${path}: ${object.message}`);
  };
  if (apps.has('work')) await remove(`/apis/batch/v1/namespaces/${namespace}/jobs/work`);
  await Promise.all(worn.filter((p) => p.metadata.labels['app'] !== 'work').map((p) => remove(`/api/v1/namespaces/${namespace}/pods/${p.metadata.name}`)));
  if (!apps.has('work') && !apps.has('alone')) return;
  const uids = new Set(worn.map((p) => p.metadata.uid));
  await eventually('the old Pods to go', async () => !(await pods()).some((p) => ['work', 'alone'].includes(p.metadata.labels['app']!) && uids.has(p.metadata.uid)));
  await cluster.kubectlInput(faultPods(namespace), 'apply', '-f', '-');
}

/** How often the engine had to be killed because its network was dead for good. */
let deadlocks = 0;
/** What whoever runs such an engine has to do, as no agent can mend it from outside; whatever else it hangs in is a failure. */
async function endDeadlock(): Promise<void> {
  if (processId(directory()) === undefined || !isNetworkDeadlock(await engineStacks(directory()))) return;
  deadlocks++;
  say('  the network of the engine is deadlocked (moby/moby#46661): it is killed and started again');
  process.kill(processId(directory())!, 'SIGKILL');
  await cluster.hosts[0]!.startEngine();
}
/** Looks after the engine while something takes longer than it should. */
async function attended<T>(work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const watch = (async () => {
    while (await realClock.sleep(patienceMs, done.signal).then(() => true, () => false)) await endDeadlock();
  })();
  try {
    return await work;
  } finally {
    done.abort(new Error('it has ended'));
    await watch;
  }
}

test(`${cycles} cycles of faults: what is asked for runs again, and nothing is left over`, async () => {
  await cluster.kubectlInput(faultPods(namespace), 'apply', '-f', '-');
  const first = await restored(engineBoundMs, 'the start');
  say(`seed ${seed}: ${podCount} Pods run after ${first} ms`);
  const settled = async (): Promise<void> => {
    let last: NodeCensus | undefined;
    await eventually('nothing left over', async () => {
      last = await censusOf(cluster, engine, namespace, new Set((await pods()).map((p) => p.metadata.uid)));
      return last.leaks.length === 0 && JSON.stringify(last.surplus) === JSON.stringify(wanted);
    }, tidyMs).catch(async (error: unknown) => {
      if (!last) throw error;
      const running = new Set((await engine.containers()).filter(runs).map((c) => c.Id));
      const evidence = await leftoverEvidence(directory(), controlGroups(cluster.hosts[0]!.name), running);
      throw new Error(`left over: ${JSON.stringify(last, undefined, 1)}, wanted ${JSON.stringify(wanted)}\n${evidence}`);
    });
  };
  await settled();
  const look = async (role: 'master' | 'agent'): Promise<Held> => {
    // They are kept for an hour, which is longer than many cycles take.
    for (const home of [namespace, 'default', 'kube-system']) await api.call('DELETE', `/api/v1/namespaces/${home}/events`);
    return held(cluster, cluster.pid(role));
  };
  const begin = { master: await look('master'), agent: await look('agent') };
  const slowest = { ms: 0, what: '' };
  const judge = async (): Promise<void> => {
    for (const role of ['master', 'agent'] as const) {
      const [now, then] = [await look(role), begin[role]];
      const words = ({ descriptors, liveMB, residentMB }: Held): string => `${descriptors} descriptors, ${liveMB.toFixed(0)} MB live of ${residentMB.toFixed(0)} MB`;
      say(`  ${role}: ${words(now)} (${words(then)} at the start)`);
      expect([now.descriptors - then.descriptors > moreDescriptors, now.liveMB - then.liveMB > moreMB]).toEqual([false, false]);
    }
    say(`  slowest: ${slowest.what} ${slowest.ms} ms`);
  };
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const listed = inOrder(await pods());
    const fresh = listed.filter((p) => restarts(p) === 0);
    const renewing = fresh.length < podCount / 2;
    const faults = drawCycle(random);
    let done: readonly string[] = [];
    try {
      const restarting = faults.some((f) => f.name.includes('engine'));
      const deadBefore = deadlocks;
      const work = Promise.all([...faults.map((fault) => commit(fault, fresh)), ...(renewing ? [renew(listed.filter((p) => restarts(p) > 0)).then(() => 'renewal of Pods')] : [])]);
      // One engine must not be started by two.
      done = await (restarting ? work : attended(work));
      const what = `cycle ${cycle}: ${done.join('; ')}`;
      const took = await attended(restored(restarting || renewing ? engineBoundMs : boundMs, what)).catch((error: unknown) => {
        if (deadlocks === deadBefore) throw error;
        return attended(restored(engineBoundMs, what));
      });
      if (took > slowest.ms) Object.assign(slowest, { ms: took, what: `cycle ${cycle}` });
      say(`${cycle}. ${done.join('; ')}: ${took} ms`);
    } catch (error) {
      const isSilent = error instanceof EngineSilent || (error as Error).message.includes('no answer to');
      const stacks = isSilent ? ` Stacks of the engine: /tmp/${namespace}-stacks.log` : '';
      if (isSilent) writeFileSync(`/tmp/${namespace}-stacks.log`, await engineStacks(directory()));
      throw new Error(`seed ${seed}, cycle ${cycle}, ${faults.map((f) => f.name).join('; ')}.${stacks} ${(error as Error).message}`, { cause: error });
    }
    if (cycle % memoryEvery === 0) say(`  ${(['master', 'agent'] as const).map((role) => `${role}: ${ownMB(cluster.pid(role)).toFixed(0)} MB`).join(', ')} of memory of its own; ${deadlocks} deadlocks of the engine so far`);
    if (cycle % leakEvery === 0) {
      await settled();
      await judge();
    }
  }
  if (cycles < leakEvery) {
    // A new agent looks at everything at once.
    process.kill(cluster.pid('agent'), 'SIGKILL');
    await upAgain();
  }
  await restored(boundMs, 'the end');
  await settled();
  await judge();
}, 600_000 + cycles * 60_000);
