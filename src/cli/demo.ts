// `dray demo`: the main job in front of your eyes, on a cluster of its own that is gone afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployments, type Deployment } from '../api/apps/deployment.ts';
import { Namespaces } from '../api/core/namespace.ts';
import { Pods } from '../api/core/pod.ts';
import { Services } from '../api/core/service.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { readKubeconfig } from '../client/kubeconfig.ts';
import { realClock } from '../util/clock.ts';
import { engineRequest, parseDockerHost } from '../util/engine-http.ts';
import { Cluster } from './cluster.ts';
import { DEMO_NGINX, ensureDemoImages } from './demo-images.ts';
import { down, type DownHost } from './down.ts';
import { Load, type LoadResult } from './load.ts';
import { runSteps } from './progress.ts';
import { up, type UpHost } from './up.ts';

interface DemoImages { readonly from: string; readonly to: string; readonly path: string; readonly note: string }
const upstreamImages: DemoImages = { from: 'nginx:1.28', to: 'nginx:1.29', path: '/', note: 'nginx:1.28 → nginx:1.29 from the registry' };
const localImages: DemoImages = { from: DEMO_NGINX[0], to: DEMO_NGINX[1], path: '/version', note: `${DEMO_NGINX[0]} → ${DEMO_NGINX[1]}, made here from Debian's nginx (no registry in reach)` };
const pullTimeoutMs = 90_000;
const rolloutTimeoutMs = 180_000;
const noticeMs = 1_000;
const namespace = 'demo';

/** `passed` when every request was answered; `interrupted` when the signal aborted. The cluster is gone in any case. */
export async function demo(options: { dockerHost?: string; replicas: number }, host: UpHost & DownHost, signal: AbortSignal): Promise<'passed' | 'failed' | 'interrupted'> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dray-demo-'));
  const out = process.stdout;
  out.write('A cluster for the demo\n');
  let summary: string[] | undefined;
  let passed = false;
  try {
    const started = performance.now();
    const cluster = await up({ dataDir, detach: true, port: await freePort(), ...(options.dockerHost ? { dockerHost: options.dockerHost } : {}) }, host, realClock, signal);
    const readyIn = performance.now() - started;
    const transport = new HttpTransport({ access: readKubeconfig(cluster.adminKubeconfig), userAgent: 'dray-demo' });
    try {
      const result = await unlessAborted(mainJob(cluster, new Client(transport), options.replicas, signal), signal);
      passed = result.load.failed === 0 && result.load.sent > 0;
      summary = [
        `cluster ready in   ${seconds(readyIn)}`, `pods               ${options.replicas} × nginx`, `images             ${result.images.note}`,
        `upgrade            ${seconds(result.upgradeMs)} (rolling, under load)`, `roll back          ${seconds(result.rollbackMs)}`,
        `requests           ${result.load.sent} sent, ${result.load.failed} failed${result.load.failed ? ` ${JSON.stringify(result.load.faults)}` : ''}, slowest ${Math.round(result.load.slowestMs)} ms`,
        `answers            ${Object.entries(result.load.answers).map(([text, n]) => `${n} × "${text.slice(0, 40)}"`).join(', ')}`,
      ];
    } finally {
      await transport.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    out.write(signal.aborted ? 'Interrupted: cleaning up\n' : 'Cleaning up\n');
    await cleanUp(new Cluster(dataDir), host);
  }
  if (!summary) return 'interrupted';
  out.write(`\n${passed ? 'The demo passed.' : 'The demo FAILED: requests were lost.'}\n${summary.map((line) => `  ${line}\n`).join('')}`);
  return passed ? 'passed' : 'failed';
}

/** Without a record the start had not gone beyond the engine: the fault that ended it is what there is to tell. */
async function cleanUp(cluster: Cluster, host: DownHost): Promise<void> {
  if (cluster.record()) return down({ dataDir: cluster.dataDir, purge: true }, host);
  await host.stopEngine(cluster);
  rmSync(cluster.dataDir, { recursive: true });
}

/** Rejects soon after the signal aborts: the job notices it as well, unless it waits for a program that does not. */
const unlessAborted = <T>(job: Promise<T>, signal: AbortSignal): Promise<T> => new Promise((resolve, reject) => {
  const abort = (): void => { realClock.after(noticeMs, () => reject(signal.reason as Error)); };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  job.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
});

interface Result { readonly images: DemoImages; readonly upgradeMs: number; readonly rollbackMs: number; readonly load: LoadResult }
async function mainJob(cluster: Cluster, client: Client, replicas: number, signal: AbortSignal): Promise<Result> {
  let images = localImages;
  let upgradeMs = 0;
  let rollbackMs = 0;
  let load: Load | undefined;
  let result: LoadResult | undefined;
  let urls: string[] = [];
  const key = { namespace, name: 'web' };
  const endLoad = (): void => { void load?.stop(); };
  signal.addEventListener('abort', endLoad, { once: true });
  try {
    await runSteps([
      { title: 'images', run: async (say) => { images = await demoImages(cluster.record()!.dockerHost, say, signal); return `images: ${images.note}`; } },
      {
        title: 'Deployment',
        run: async () => {
          signal.throwIfAborted();
          await client.create(Namespaces, { metadata: { name: namespace } });
          await client.create(Deployments, deployment(images.from, replicas) as never);
          await rolledOut(client, key, signal);
          return `Deployment web: ${replicas} Pods of ${images.from} ready`;
        },
      },
      {
        title: 'Service',
        run: async () => {
          const service = await client.create(Services, { metadata: key, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 80 }] } } as never);
          const { clusterIP, ports } = service.spec as { clusterIP: string; ports: { nodePort: number }[] };
          urls = [`http://${clusterIP}${images.path}`, `http://127.0.0.1:${ports[0]!.nodePort}${images.path}`];
          const [first = ''] = await Promise.all(urls.map(firstAnswer));
          return `Service web: curl ${urls.join(' and ')} → "${first.slice(0, 40)}"`;
        },
      },
      {
        title: 'upgrade',
        run: async (say) => {
          signal.throwIfAborted();
          load = new Load({ urls, clients: 8 });
          say('8 clients keep sending, half of them on kept-alive connections');
          upgradeMs = await timed(() => setImage(client, key, images.to, signal));
          return `upgraded to ${images.to} under load`;
        },
      },
      { title: 'roll back', run: async () => { rollbackMs = await timed(() => setImage(client, key, images.from, signal)); result = await load!.stop(); return `rolled back to ${images.from} under load`; } },
    ]);
  } finally {
    signal.removeEventListener('abort', endLoad);
    if (load && !result) result = await load.stop();
  }
  return { images, upgradeMs, rollbackMs, load: result! };
}

const deployment = (image: string, replicas: number): object => ({
  metadata: { namespace, name: 'web' },
  spec: {
    replicas, selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image, imagePullPolicy: 'IfNotPresent', ports: [{ containerPort: 80 }], readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 } }] } },
  },
});

async function setImage(client: Client, key: { namespace: string; name: string }, image: string, signal: AbortSignal): Promise<void> {
  await client.patch(Deployments, key, { spec: { template: { spec: { containers: [{ name: 'nginx', image }] } } } }, { type: 'strategic' });
  await rolledOut(client, key, signal);
}

const isRolledOut = ({ metadata, spec, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && status?.updatedReplicas === spec.replicas && status.replicas === spec.replicas && status.availableReplicas === spec.replicas;

/** Watches until the Deployment is what its spec says. @throws with what its Pods wait for when that takes too long */
async function rolledOut(client: Client, key: { namespace: string; name: string }, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.any([AbortSignal.timeout(rolloutTimeoutMs), signal]);
  while (!timeout.aborted) {
    const current = await client.get(Deployments, key);
    if (isRolledOut(current)) return;
    for await (const { object } of client.watch(Deployments, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}`, resourceVersion: current.metadata.resourceVersion, signal: timeout })) if (isRolledOut(object)) return;
  }
  signal.throwIfAborted();
  const pods = await client.list(Pods, { namespace: key.namespace });
  const waiting = pods.items.map((p) => `${p.metadata.name}: ${p.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? p.status?.phase}`);
  throw new Error(`the Deployment did not become ready in ${rolloutTimeoutMs / 1000} s (${waiting.join(', ')})`);
}

async function firstAnswer(url: string): Promise<string> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.text()).split('\n')[0]!.trim();
    } catch (error) {
      // Endpoints and proxies follow a new Service within a moment; only then is a request due an answer.
      if (performance.now() > deadline) throw new Error(`${url} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function timed(call: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function demoImages(dockerHost: string, say: (text: string) => void, signal: AbortSignal): Promise<DemoImages> {
  if (await available(dockerHost, upstreamImages.from, say, signal) && await available(dockerHost, upstreamImages.to, say, signal)) return upstreamImages;
  signal.throwIfAborted();
  await ensureDemoImages({ dockerHost, progress: say });
  return localImages;
}

/** In the image store, or pulled from a registry now. */
async function available(dockerHost: string, reference: string, say: (text: string) => void, signal: AbortSignal): Promise<boolean> {
  const endpoint = parseDockerHost(dockerHost);
  if ((await engineRequest(endpoint, 'GET', `/images/${encodeURIComponent(reference)}/json`)).status === 200) return true;
  say(`pulling ${reference}`);
  const [image, tag] = reference.split(':');
  try {
    const answer = await engineRequest(endpoint, 'POST', `/images/create?fromImage=${image}&tag=${tag}`, { signal: AbortSignal.any([AbortSignal.timeout(pullTimeoutMs), signal]) });
    return answer.status === 200 && !answer.body.toString().includes('"error"');
  } catch {
    // No registry in reach, or too slow for a demo: the images made here do as well.
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
