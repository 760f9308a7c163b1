// Pulls, negotiation and broken connections, against a small engine that plays recorded answers on a unix socket.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerRuntime } from '../../../../../agent/runtime/docker/docker-runtime.ts';
import { ImagePullError, RuntimeUnavailable } from '../../../../../agent/runtime/runtime.ts';
import type { PullProgress, Runtime } from '../../../../../agent/runtime/runtime.ts';
import { realClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';

const version = { Version: '29.0.0', ApiVersion: '1.52', MinAPIVersion: '1.44', Arch: 'amd64', Os: 'linux', KernelVersion: '6.1' };

describe('with an engine that plays its part', () => {
  let directory: string;
  let server: Server;
  let host: string;
  let runtime: Runtime;
  let requests: { line: string; auth: string | undefined }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'dray-engine-'));
    host = `unix://${join(directory, 'docker.sock')}`;
    requests = [];
    server = createServer((request, response) => {
      if (request.url === '/version') return response.end(JSON.stringify(version));
      requests.push({ line: `${request.method} ${decodeURIComponent(request.url!)}`, auth: request.headers['x-registry-auth'] as string | undefined });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(join(directory, 'docker.sock'), resolve));
    runtime = await createDockerRuntime({ host, clusterLabel: 'test', clock: realClock, log: silentLog });
  });
  afterEach(async () => {
    await runtime.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });
  const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\r\n`).join('');

  it('speaks the lowest version both know', async () => {
    answer = (_request, response) => response.end('[]');
    await runtime.listImages();
    expect(requests[0]!.line).toMatch(/^GET \/v1\.44\/images\/json/);
  });

  it.each([
    ['nginx', 'fromImage=nginx&tag=latest'], ['nginx:1.28', 'fromImage=nginx&tag=1.28'], ['r.example:5000/a/b', 'fromImage=r.example:5000/a/b&tag=latest'],
    ['nginx@sha256:abc', 'fromImage=nginx&tag=sha256:abc'],
  ])('pulls %s as %s, one tag only', async (reference, query) => {
    answer = (request, response) => { response.end(request.method === 'POST' ? lines({ status: 'done' }) : JSON.stringify({ Id: 'sha256:1' })); };
    expect(await runtime.pullImage(reference, undefined)).toBe('sha256:1');
    expect(requests[0]!.line).toBe(`POST /v1.44/images/create?${query}`);
  });

  it('reports progress and passes the credentials', async () => {
    answer = (request, response) => {
      if (request.method === 'GET') return response.end(JSON.stringify({ Id: 'sha256:2' }));
      const text = lines({ status: 'Downloading', id: 'a', progressDetail: { current: 5, total: 9 } }, { status: 'Pull complete', id: 'a' });
      response.write(text.slice(0, 30));
      response.end(text.slice(30));
    };
    const seen: PullProgress[] = [];
    await runtime.pullImage('a:1', { username: 'u', password: 'p' }, undefined, (progress) => seen.push(progress));
    expect(seen).toEqual([
      { status: 'Downloading', layers: 1, layersDone: 0, bytes: 5, totalBytes: 9 }, { status: 'Pull complete', layers: 1, layersDone: 1, bytes: 9, totalBytes: 9 },
    ]);
    expect(JSON.parse(Buffer.from(requests[0]!.auth!, 'base64url').toString())).toEqual({ username: 'u', password: 'p' });
  });

  it.each([
    ['in the stream', (response: ServerResponse) => response.end(lines({ status: 'Pulling' }, { error: 'short', errorDetail: { message: 'toomanyrequests: slow down' } })), 'toomanyrequests: slow down'],
    ['before it', (response: ServerResponse) => response.writeHead(404).end(JSON.stringify({ message: 'manifest for a:1 not found: manifest unknown: manifest unknown' })), 'manifest for a:1 not found: manifest unknown: manifest unknown'],
  ])('tells the registry\'s words when it fails %s', async (_, fail, message) => {
    answer = (_request, response) => { fail(response); };
    const error = await runtime.pullImage('a:1', undefined).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImagePullError);
    expect((error as Error).message).toBe(message);
  });

  it('stops pulling when told', async () => {
    const stop = new AbortController();
    answer = (_request, response) => { response.write(lines({ status: 'Pulling' })); };
    await expect(runtime.pullImage('a:1', undefined, stop.signal, () => stop.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('a connection cut in the middle is the engine\'s absence', async () => {
    answer = (_request, response) => { response.write(lines({ status: 'Pulling' }), () => response.destroy()); };
    await expect(runtime.pullImage('a:1', undefined)).rejects.toThrow(RuntimeUnavailable);
    answer = (request) => { request.socket.destroy(); };
    await expect(runtime.listContainers()).rejects.toThrow(RuntimeUnavailable);
  });

  it('does not start without an engine', async () => {
    await expect(createDockerRuntime({ host: `unix://${directory}/none.sock`, clusterLabel: 'x', clock: realClock, log: silentLog })).rejects.toThrow(RuntimeUnavailable);
  });
});
