// exec, cp, attach, logs and port-forward with real kubectl of three ages: SPDY (1.27), WebSocket exec (1.30), all WebSocket (1.33).
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describeKubectls } from '../support/kubectl.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

let cluster!: StreamsCluster;
beforeAll(async () => { cluster = await startStreamsCluster(); });
afterAll(async () => { await cluster?.stop(); });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function start(kubectl: string, ...args: string[]): ChildProcess {
  return spawn(kubectl, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(cluster.directory, 'cache'), ...args], { stdio: 'pipe' });
}
async function finish(child: ChildProcess, input?: Uint8Array): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin!.on('error', () => undefined); // a command may end before it has read everything
  child.stdin!.end(input);
  const [code] = await once(child, 'close') as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}
const run = (kubectl: string, ...args: string[]): ReturnType<typeof finish> => finish(start(kubectl, ...args));

describeKubectls(['1.27', '1.30', '1.33'], (version, kubectl) => {
  it('exec: both outputs and the exit code', async () => {
    const { code, stdout, stderr } = await run(kubectl, 'exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 7\n' });
  });

  it('exec -i: megabytes in and out, ended by end-of-file', async () => {
    const input = randomBytes(5 * 1024 * 1024 + 17);
    const { code, stdout } = await finish(start(kubectl, 'exec', '-i', 'web', '--', 'cat'), input);
    expect(code).toBe(0);
    expect(sha256(stdout)).toBe(sha256(input));
  });

  it('exec -i: a command that ends without reading its input', async () => {
    const { code, stdout } = await finish(start(kubectl, 'exec', '-i', 'web', '--', 'sh', '-c', 'head -c 3; exit 4'), Buffer.alloc(8 * 1024 * 1024, 'abc'));
    expect(stdout.toString()).toBe('abc');
    expect(code).toBe(4);
  });

  it('exec: a command of a hundred thousand characters', async () => {
    const long = 'a'.repeat(100_000);
    const { code, stdout, stderr } = await run(kubectl, 'exec', 'web', '--', 'echo', long);
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 0, stdout: `${long}\n`, stderr: '' });
  });

  it('exec: an unknown container is named', async () => {
    const { code, stderr } = await run(kubectl, 'exec', 'web', '-c', 'other', '--', 'true');
    expect(code).toBe(1);
    expect(stderr).toMatch(/container other is not valid for pod web/);
  });

  it('exec -it: the terminal has the size of the client\'s', async () => {
    cluster.resizes.length = 0;
    const sized = join(cluster.directory, `sized-${version}`);
    const command = `stty cols 91 rows 33; exec ${kubectl} --kubeconfig ${cluster.kubeconfig} --cache-dir ${cluster.directory}/cache exec -it web -- sh -c 'until [ -e ${sized} ]; do sleep 0.1; done; echo done'`;
    const finished = finish(spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' }));
    let ended = false;
    void finished.then(() => { ended = true; });
    while (cluster.resizes.length === 0 && !ended) await new Promise((resolve) => setTimeout(resolve, 5));
    writeFileSync(sized, '');
    const { code, stdout } = await finished;
    expect(stdout.toString()).toContain('done');
    expect(code).toBe(0);
    expect(cluster.resizes[0]).toEqual({ columns: 91, rows: 33 });
  });

  it('attach -i: reaches the main process', async () => {
    const child = start(kubectl, 'attach', '-i', 'web');
    child.stdin!.write('hello\n');
    const [echoed] = await once(child.stdout!, 'data') as [Buffer];
    expect(echoed.toString()).toContain('hello');
    child.kill();
    await once(child, 'close');
  });

  it('logs through the same tunnel', async () => {
    const { code, stdout } = await run(kubectl, 'logs', 'web');
    expect({ code, text: stdout.toString().split('\n')[0] }).toEqual({ code: 0, text: 'hello' });
  });

  it('cp: there and back', async () => {
    const [from, there, back] = ['from', 'there', 'back'].map((name) => join(cluster.directory, `${name}-${version}`));
    const content = randomBytes(3 * 1024 * 1024 + 1);
    writeFileSync(from!, content);
    const up = await run(kubectl, 'cp', from!, `web:${there}`);
    expect(up).toMatchObject({ code: 0 });
    expect(sha256(readFileSync(there!))).toBe(sha256(content));
    const down = await run(kubectl, 'cp', `web:${there}`, back!);
    expect(down).toMatchObject({ code: 0 });
    expect(sha256(readFileSync(back!))).toBe(sha256(content));
  });

  describe('port-forward', () => {
    let pod: Server;
    const body = randomBytes(2 * 1024 * 1024);
    beforeAll(async () => {
      pod = createServer((request, response) => { request.resume().on('end', () => response.end(request.url === '/big' ? body : `pod ${request.url}`)); });
      pod.listen(0, '127.0.0.1');
      await once(pod, 'listening');
    });
    afterAll(() => { pod.closeAllConnections(); pod.close(); });

    const get = (port: number, path: string): Promise<Buffer> => new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks))).on('error', reject);
      }).on('error', reject).end();
    });
    async function forward(remote: number): Promise<{ child: ChildProcess; port: number }> {
      const child = start(kubectl, 'port-forward', 'web', `:${remote}`, '--address', '127.0.0.1');
      const [line] = await once(child.stdout!, 'data') as [Buffer];
      return { child, port: Number(/127\.0\.0\.1:(\d+)/.exec(line.toString())![1]) };
    }

    it('carries many connections at once', async () => {
      cluster.upgrades.length = 0;
      const { child, port } = await forward((pod.address() as AddressInfo).port);
      expect(cluster.upgrades).toEqual([version === '1.33' ? 'websocket' : 'SPDY/3.1']);
      try {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(port, `/${index}`)));
        expect(answers.map(String)).toEqual(answers.map((_, index) => `pod /${index}`));
        const big = await Promise.all([get(port, '/big'), get(port, '/big')]);
        expect(big.map(sha256)).toEqual([sha256(body), sha256(body)]);
      } finally {
        child.kill();
        await once(child, 'close');
      }
    });

    it('says why a port cannot be reached', async () => {
      const free = createServer().listen(0, '127.0.0.1');
      await once(free, 'listening');
      const remote = (free.address() as AddressInfo).port;
      free.close();
      const { child, port } = await forward(remote);
      const said = new Promise<string>((resolve) => {
        let text = '';
        child.stderr!.on('data', (chunk: Buffer) => {
          text += String(chunk);
          if (text.includes('ECONNREFUSED')) resolve(text);
        });
      });
      await expect(get(port, '/')).rejects.toThrow();
      expect(await said).toMatch(/error forwarding port \d+ to pod/);
      const closed = once(child, 'close');
      child.kill();
      await closed;
    });
  });

  it('speaks the protocols of its age', async () => {
    cluster.upgrades.length = 0;
    await run(kubectl, 'exec', 'web', '--', 'true');
    expect(cluster.upgrades).toEqual([version === '1.27' ? 'SPDY/3.1' : 'websocket']);
  });

  it('leaves no session behind', async () => {
    const end = Date.now() + 60_000;
    while (cluster.openSessions() > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cluster.openSessions()).toBe(0);
  });
});
