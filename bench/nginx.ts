// The yardstick of the HTTP back end: nginx as the reverse proxy a person would set up before the same Pods.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BareEngine } from './bare-engine.ts';
import { freePort } from './cluster.ts';

/** One worker process and kept-alive connections, as the HTTP back end has them. */
const proxyConfig = (port: number, pods: readonly string[]): string => `worker_processes 1;
daemon off;
error_log stderr error;
pid /tmp/bench-nginx-${port}.pid;
events { worker_connections 4096; }
http {
  access_log off;
  upstream pods { ${pods.map((ip) => `server ${ip}:80;`).join(' ')} keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://pods; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; }
  }
}
`;

/**
 * nginx of this host where it is installed, as a process like the proxy workers: containers have their share of the processor
 * as one group, which is a handicap on a busy machine. Else in a container. Resolves with what ends it.
 */
export async function startNginx(pods: readonly string[], engine: BareEngine, image: string): Promise<{ readonly address: string; readonly kind: string; stop(): Promise<void> }> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'dray-bench-nginx-'));
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, proxyConfig(port, pods));
  const address = `127.0.0.1:${port}`;
  const tidy = (): void => rmSync(directory, { recursive: true, force: true });
  const program = ['/usr/sbin/nginx', ...(process.env['PATH'] ?? '').split(':').map((directory) => join(directory, 'nginx'))].find(existsSync);
  if (program === undefined) {
    await engine.startOnHost(image, config);
    return { address, kind: 'in a container', stop: () => engine.removeAll().finally(tidy) };
  }
  const child = spawn(program, ['-c', config], { stdio: 'ignore' });
  return {
    address, kind: 'on the host',
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      tidy();
    },
  };
}

/** Resolves when the URL answers. @throws when it does not within 15 s */
export async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(2000) })).ok) return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${url} does not answer: ${(error as Error).message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
