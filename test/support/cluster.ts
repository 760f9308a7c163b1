// A whole Dray cluster for end-to-end tests: the compiled `dray` on Docker hosts of its own, driven by a real kubectl.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logFile } from '../../agent/runtime/engine/dockerd.ts';
import { ensureDemoImages } from '../../src/cli/demo-images.ts';
import { installPackages } from '../../src/util/apt.ts';
import { startDockerHosts, type DockerHost, type DockerHosts } from '../../bench/hosts/docker-hosts.ts';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The compiled program; another build of it may be put to the test. */
export const dray = process.env['DRAY_PROGRAM'] ?? join(root, 'dist/bin/dray.js');

export interface Output { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs a program to its end; a non-zero exit code is a result, not an error. */
export function execute(command: string, args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {}): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env: { ...process.env, ...options.env }, timeout: options.timeoutMs ?? 120_000, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr: error && typeof error.code !== 'number' ? `${stderr}\n${error.message}` : stderr });
    });
    // A program that ends without reading its input breaks the pipe; its exit code says what happened.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** The `kubectl` on the PATH; installed from Debian where there is none. */
export async function findKubectl(): Promise<string> {
  const found = (process.env['PATH'] ?? '').split(':').map((d) => join(d, 'kubectl')).find(existsSync);
  if (found) return found;
  await installPackages(['kubernetes-client']);
  return '/usr/bin/kubectl';
}

export interface TestCluster {
  readonly hosts: readonly DockerHost[];
  readonly lan: DockerHosts;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** Runs a program in the first host's network namespace. */
  run(command: string, args: readonly string[], options?: Parameters<typeof execute>[2]): Promise<Output>;
  /** Like `run`, for programs that go on. */
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** The same on another host. */
  on(host: DockerHost): Pick<TestCluster, 'run' | 'spawn'>;
  /** kubectl as cluster admin; throws with its stderr unless it succeeds. */
  kubectl(...args: string[]): Promise<string>;
  kubectlInput(input: string, ...args: string[]): Promise<string>;
  /** `dray` with this cluster's data directory. */
  dray(...args: string[]): Promise<Output>;
  pid(role: 'master' | 'agent'): number;
  /** Joins a further host, with a token made for it. */
  join(host: DockerHost): Promise<void>;
  /** The data directory of the agent of a host that joined. */
  dataDirOf(host: DockerHost): string;
  /** Runs `dray leave` on a host that joined. */
  leave(host: DockerHost): Promise<Output>;
  stop(): Promise<void>;
}

export interface ClusterOptions { readonly hosts?: number; /** Where the agents of hosts that join have their data directories. */ readonly agentsIn?: string; /** The last so many are behind a router, and are not joined. */ readonly behindRouter?: number; readonly args?: readonly string[]; /** For the engines. */ readonly daemonArgs?: readonly string[]; readonly images?: boolean; /** Called before the cluster is started. */ readonly before?: (cluster: TestCluster) => Promise<void> }

/** Starts hosts and a cluster on the first of them; the others join. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const lan = await startDockerHosts(options.hosts ?? 1, { daemonArgs: options.daemonArgs ?? [], ...(options.behindRouter === undefined ? {} : { behindRouter: options.behindRouter }) });
  const dataDir = mkdtempSync(join(tmpdir(), 'dray-e2e-'));
  const [first, ...others] = lan.hosts.slice(0, lan.hosts.length - (options.behindRouter ?? 0)) as [DockerHost, ...DockerHost[]];
  const kubectl = await findKubectl();
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const agents: { host: DockerHost; dataDir: string }[] = [];
  const children = new Set<ChildProcess>();
  const enter = (host: DockerHost, command: string, args: readonly string[]): string[] => [`--net=${host.netns}`, '--', command, ...args];
  const cluster: TestCluster = {
    hosts: lan.hosts, lan, dataDir, kubeconfig,
    on: (host) => ({
      run: (command, args, runOptions) => execute('nsenter', enter(host, command, args), { ...runOptions, env: { KUBECONFIG: kubeconfig, ...runOptions?.env } }),
      spawn(command, args) {
        const child = spawn('nsenter', enter(host, command, args), { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['pipe', 'pipe', 'pipe'] });
        children.add(child);
        child.once('exit', () => children.delete(child));
        return child;
      },
    }),
    run: (...args) => cluster.on(first).run(...args),
    spawn: (...args) => cluster.on(first).spawn(...args),
    kubectl: (...args) => cluster.kubectlInput('', ...args),
    async kubectlInput(input, ...args) {
      const { code, stdout, stderr } = await cluster.run(kubectl, args, { input });
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`);
      return stdout;
    },
    dray: (...args) => cluster.run(process.execPath, [dray, ...args, '--data-dir', dataDir]),
    pid: (role) => Number(readFileSync(join(dataDir, `${role}.pid`), 'utf8')),
    async join(host) {
      const agentDir = mkdtempSync(join(options.agentsIn ?? tmpdir(), 'dray-e2e-agent-'));
      agents.push({ host, dataDir: agentDir });
      const made = await cluster.dray('token', 'create');
      if (made.code !== 0) throw new Error(made.stderr);
      const [, ...line] = made.stdout.trim().split(' ');
      const joined = await cluster.on(host).run(process.execPath, [dray, ...line, '--detach', '--node-name', host.name, '--docker-host', host.dockerHost, '--data-dir', agentDir]);
      if (joined.code !== 0) throw new Error(`dray join: ${joined.stderr}${joined.stdout}${tail(agentDir)}`);
    },
    dataDirOf: (host) => agents.findLast((a) => a.host === host)!.dataDir,
    async leave(host) {
      return cluster.on(host).run(process.execPath, [dray, 'leave', '--data-dir', cluster.dataDirOf(host), '--docker-host', host.dockerHost]);
    },
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      if (process.env['DRAY_E2E_LOGS']) await keepLogs(process.env['DRAY_E2E_LOGS'], cluster, [dataDir, ...agents.map((a) => a.dataDir)]);
      for (const agent of agents) await cluster.leave(agent.host);
      let purged = await cluster.dray('down', '--purge');
      // Engine 20.10's own fault, met in one run of many: what the message says is done.
      if (/has lost count of the endpoints/.test(purged.stderr)) {
        console.warn(purged.stderr);
        await first.stopEngine();
        await first.startEngine();
        purged = await cluster.dray('down', '--purge');
      }
      await lan.stop();
      if (purged.code !== 0) throw new Error(`dray down --purge: exit code ${purged.code}: ${purged.stderr}${purged.stdout}`);
      for (const dir of [dataDir, ...agents.map((a) => a.dataDir)]) rmSync(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  try {
    if (options.images ?? true) await Promise.all(lan.hosts.map((h) => ensureDemoImages({ dockerHost: h.dockerHost })));
    await options.before?.(cluster);
    const { code, stderr, stdout } = await cluster.dray('up', '--detach', '--docker-host', first.dockerHost, '--node-name', first.name, '--advertise-address', first.ip, ...(options.args ?? []));
    if (code !== 0) throw new Error(`dray up: ${stderr}${stdout}${tail(dataDir)}`);
    for (const host of others) await cluster.join(host);
    return cluster;
  } catch (error) {
    await cluster.stop().catch((left: unknown) => console.warn(left));
    throw error;
  }
}

/** Copies what the processes logged to `target`, and how cluster and engines look, for whoever reads why a test failed. */
async function keepLogs(target: string, cluster: TestCluster, dirs: readonly string[]): Promise<void> {
  for (const [i, dir] of dirs.entries()) {
    const to = join(target, `${cluster.hosts[0]!.name}-${i}`);
    mkdirSync(to, { recursive: true });
    for (const file of existsSync(dir) ? readdirSync(dir) : []) if (/\.(log|json)$/.test(file)) copyFileSync(join(dir, file), join(to, file));
  }
  const write = (name: string, { stdout, stderr }: Output): void => writeFileSync(join(target, `${cluster.hosts[0]!.name}-0`, name), stdout + stderr);
  write('objects.yaml', await cluster.run('kubectl', ['get', 'pods,events', '-A', '-o', 'yaml'], { timeoutMs: 10_000 }));
  for (const host of cluster.hosts) {
    write(`${host.name}.containers`, await execute('docker', ['-H', host.dockerHost, 'ps', '-a', '--no-trunc'], { timeoutMs: 10_000 }));
    copyFileSync(logFile(join(cluster.lan.directory, host.name)), join(target, `${cluster.hosts[0]!.name}-0`, `${host.name}.dockerd.log`));
  }
}

/** The ends of the logs, for whoever reads why a start failed. */
const tail = (dataDir: string): string => readdirSync(dataDir).filter((f) => f.endsWith('.log')).map((f) => `\n--- ${f}\n${readFileSync(join(dataDir, f), 'utf8').slice(-3000)}`).join('');

/** Polls what can only be asked, until `check` returns something; for what kubectl itself cannot wait for. */
export async function eventually<T>(what: string, check: () => Promise<T | undefined | false>, timeoutMs = 120_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} did not happen in ${timeoutMs / 1000} s${last ? `: ${(last as Error).message}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
