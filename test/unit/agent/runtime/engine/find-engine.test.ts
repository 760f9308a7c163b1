// Which Docker Engine is taken, and the one line when there is none.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureEngine, findEngine, startDockerd, stopEngine } from '../../../../../agent/runtime/engine/index.ts';
import { realClock } from '../../../../../src/util/clock.ts';

describe('findEngine', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dray-find-'));
  const host = `unix://${directory}/docker.sock`;
  const server = createServer((_request, response) => response.end(JSON.stringify({ Version: '20.10.24' })));
  beforeAll(() => new Promise<void>((resolve) => server.listen(`${directory}/docker.sock`, resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  it('asks the flag, then DOCKER_HOST', async () => {
    expect(await findEngine({ dockerHost: host, env: { DOCKER_HOST: 'tcp://127.0.0.1:1' } })).toEqual({ host, source: '--docker-host', version: '20.10.24' });
    expect(await findEngine({ env: { DOCKER_HOST: host } })).toEqual({ host, source: 'DOCKER_HOST', version: '20.10.24' });
  });
  it.each([
    [{ dockerHost: 'unix:///no/engine.sock' }, 'no Docker Engine found: --docker-host names unix:///no/engine.sock, which says "connect ENOENT /no/engine.sock"'],
    [{ env: { DOCKER_HOST: 'tcp://127.0.0.1:1' } }, 'no Docker Engine found: DOCKER_HOST names tcp://127.0.0.1:1, which says "connect ECONNREFUSED 127.0.0.1:1"'],
    [{ dockerHost: 'ssh://me@there' }, 'unsupported Docker host "ssh://me@there": use unix:///path or tcp://host:port'],
    [{ dockerHost: 'unix://here' }, 'invalid Docker host "unix://here": a unix socket needs an absolute path, as in unix:///var/run/docker.sock'],
  ])('says in one line where it looked: %j', async (options, message) => { await expect(findEngine(options)).rejects.toThrow(new Error(message)); });

  it('never sets up an engine in place of one that was named', async () => {
    const steps: string[] = [];
    await expect(ensureEngine({ dockerHost: 'unix:///no/engine.sock', env: process.env, directory, clock: realClock, progress: (step) => steps.push(step) })).rejects.toThrow(/--docker-host names/);
    expect(steps).toEqual([]);
  });
});

describe('startDockerd', () => {
  it('tells why the daemon ended', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dray-dockerd-'));
    const prefix = ['sh', '-c', 'echo \'level=fatal msg="no room for \\"containers\\""\'; exit 3'];
    await expect(startDockerd({ socketPath: join(directory, 'docker.sock'), directory, clock: realClock, execRoot: directory, prefix })).rejects.toThrow('dockerd did not start (exit 3): no room for \\"containers\\"');
    rmSync(directory, { recursive: true, force: true });
  });
  it('gives up on one that never answers', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dray-dockerd-'));
    await expect(startDockerd({ socketPath: join(directory, 'docker.sock'), directory, clock: realClock, execRoot: directory, prefix: ['sh', '-c', 'exec sleep 20'], timeoutMs: 300 })).rejects.toThrow(/dockerd does not answer; see .*dockerd\.log/);
    rmSync(directory, { recursive: true, force: true });
  });
  it('waits until the containerd of a daemon that was killed has ended, too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dray-dockerd-'));
    const program = join(directory, 'containerd');
    mkdirSync(join(directory, 'exec/containerd'), { recursive: true });
    copyFileSync('/bin/sleep', program);
    const containerd = spawn(program, ['60'], { stdio: 'ignore' });
    const ended = once(containerd, 'exit');
    await once(containerd, 'spawn');
    writeFileSync(join(directory, 'exec/containerd/containerd.pid'), `${containerd.pid}`);
    const endIt = async (ms: number, signal?: AbortSignal): Promise<void> => {
      containerd.kill('SIGKILL');
      await ended;
      await realClock.sleep(ms, signal);
    };
    const prefix = ['sh', '-c', `kill -0 ${containerd.pid} && echo 'msg="it runs"' || echo 'msg="it has ended"'; exit 3`];
    await expect(startDockerd({ socketPath: join(directory, 'docker.sock'), directory, clock: { ...realClock, sleep: endIt }, execRoot: join(directory, 'exec'), prefix })).rejects.toThrow('dockerd did not start (exit 3): it has ended');
    rmSync(directory, { recursive: true, force: true });
  });
});

describe('stopDockerd', () => {
  it('insists where the daemon hangs', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dray-dockerd-'));
    const program = join(directory, 'dockerd');
    copyFileSync('/bin/sh', program);
    const daemon = spawn(program, ['-c', 'n=0; trap \'n=$((n + 1)); if [ $n = 4 ]; then exit 7; fi; echo told\' TERM; echo up; while :; do sleep 0.05; done'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(daemon, 'exit');
    await once(daemon.stdout, 'data');
    // The time it is given is over once it has taken note of a signal: two that come at once are one. Of the last it says nothing: it is gone then.
    let said = '';
    daemon.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    await stopEngine(daemon.pid!, { ...realClock, monotonic: () => said.split('told').length * 100_000 }, 100);
    expect(await ended).toEqual([7, null]);
    rmSync(directory, { recursive: true, force: true });
  });
});
