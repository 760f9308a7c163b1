// What load balancers ask a node: whether a Service that keeps traffic on the node has Pods here (healthCheckNodePort), and whether the
// proxy itself follows and the node is to stay (port 10256, /healthz and /livez).
// (upstream: pkg/proxy/healthcheck/service_health.go, proxy_health.go)
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Node } from '../../src/api/core/node.ts';
import { needsHealthCheckNodePort } from '../../src/api/core/service-spec.ts';
import type { Service } from '../../src/api/core/service.ts';
import { serviceNameLabel, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import type { Clock } from '../../src/util/clock.ts';
import { isProxied } from '../proxy/build-rules.ts';

/** What a Service's health check port of this node tells. */
export interface HealthCheck { readonly namespace: string; readonly name: string; readonly port: number; /** Ready ones of this node, by address. */ readonly localEndpoints: number }

/** Pure: one for each Service that asks for it. */
export function healthChecks(services: Iterable<Service>, slices: Iterable<EndpointSlice>, nodeName: string): HealthCheck[] {
  const asked = [...services].filter(isProxied).filter(({ spec }) => spec && needsHealthCheckNodePort(spec as { type: string }) && (spec.healthCheckNodePort ?? 0) > 0);
  if (asked.length === 0) return [];
  const local = new Map<string, Set<string>>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4' || !isProxied(slice)) continue;
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
    for (const { nodeName: node, conditions, addresses } of slice.endpoints ?? []) {
      if (node !== nodeName || conditions?.ready === false || !addresses[0]) continue;
      local.set(key, (local.get(key) ?? new Set()).add(addresses[0]));
    }
  }
  return asked.map(({ metadata: { namespace = '', name }, spec }) => ({ namespace, name, port: spec!.healthCheckNodePort!, localEndpoints: local.get(`${namespace}/${name}`)?.size ?? 0 }));
}

/** Set by the cluster autoscaler before it removes a node. */
const toBeDeleted = 'ToBeDeletedByClusterAutoscaler';
/** Pure: whether load balancers may go on to use the node. One that is not known yet is eligible. */
export const nodeEligible = (node: Node | undefined): boolean => !node || (!node.metadata.deletionTimestamp && !(node.spec.taints ?? []).some(({ key }) => key === toBeDeleted));

export interface HealthOptions {
  readonly clock: Clock;
  /** Since when (monotonic) a carrier of Service traffic owes rules it was given. */
  readonly behindSince: () => number | undefined;
  readonly eligible: () => boolean;
  /** Told once of each message about a port; `service` is absent for the node's own. */
  readonly onError: (error: NodeJS.ErrnoException, port: number, service?: HealthCheck) => void;
  readonly address?: string;
  readonly nodePort?: number;
}

/** As kube-proxy: twice its interval of synchronisation. */
const healthTimeoutMs = 60_000;
/** A port in use is tried again after this long. */
const retryMs = 5_000;
const proxyHealthPort = 10_256;

interface Listening { readonly server: Server; check?: HealthCheck }

export class ServiceHealth {
  readonly #options: HealthOptions;
  readonly #listening = new Map<number, Listening>();
  /** By port: what was told last of why it is not open. */
  readonly #failures = new Map<number, string>();
  #wanted: readonly HealthCheck[] = [];
  #cancelRetry: (() => void) | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: HealthOptions) { this.#options = options; }

  /** What the ports tell from now on; resolves when those of the Services named, and the node's own, are open or have failed. */
  sync(checks: readonly HealthCheck[]): Promise<void> {
    this.#wanted = checks;
    for (const check of checks) {
      const listening = this.#listening.get(check.port);
      if (listening?.check) listening.check = check;
    }
    return (this.#syncing = this.#syncing.then(() => this.#open()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wanted = [];
    this.#cancelRetry?.();
    await this.#syncing;
    for (const port of [...this.#listening.keys()]) this.#end(port);
  }

  async #open(): Promise<void> {
    const own = this.#options.nodePort ?? proxyHealthPort;
    const wanted = new Map<number, HealthCheck | undefined>([[own, undefined], ...this.#wanted.map((check): [number, HealthCheck] => [check.port, check])]);
    for (const port of [...this.#listening.keys()]) if (!wanted.has(port)) this.#end(port);
    for (const port of this.#failures.keys()) if (!wanted.has(port)) this.#failures.delete(port);
    if (!this.#closed) await Promise.all([...wanted].filter(([port]) => !this.#listening.has(port)).map(([port, check]) => this.#listen(port, check)));
    this.#cancelRetry?.();
    this.#cancelRetry = this.#failures.size > 0 && !this.#closed ? this.#options.clock.after(retryMs, () => void this.sync(this.#wanted)) : undefined;
  }

  #listen(port: number, check: HealthCheck | undefined): Promise<void> {
    const server = createServer((request, response) => {
      const now = this.#listening.get(port)?.check;
      if (now) this.#tellService(now, response);
      else this.#tellNode(request, response);
    });
    return new Promise((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        if (this.#failures.get(port) !== error.message) this.#options.onError(error, port, check);
        this.#failures.set(port, error.message);
        resolve();
      });
      server.listen({ host: this.#options.address ?? '0.0.0.0', port, exclusive: true }, () => {
        this.#failures.delete(port);
        this.#listening.set(port, { server, ...(check ? { check } : {}) });
        resolve();
      });
    });
  }

  #end(port: number): void {
    const { server } = this.#listening.get(port)!;
    server.close();
    server.closeAllConnections();
    this.#listening.delete(port);
  }

  get #healthy(): boolean {
    const since = this.#options.behindSince();
    return since === undefined || this.#options.clock.monotonic() - since < healthTimeoutMs;
  }

  #tellService({ namespace, name, localEndpoints }: HealthCheck, response: ServerResponse): void {
    const healthy = this.#healthy;
    response.setHeader('X-Load-Balancing-Endpoint-Weight', String(localEndpoints));
    tell(response, localEndpoints > 0 && healthy, JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: healthy }, undefined, '\t'));
  }

  #tellNode(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/healthz' && path !== '/livez') {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }).end('404 page not found\n');
      return;
    }
    const { clock, behindSince, eligible } = this.#options;
    const stays = eligible();
    const healthy = this.#healthy && (path === '/livez' || stays);
    const now = clock.now();
    const updated = healthy ? now : now - (clock.monotonic() - (behindSince() ?? clock.monotonic()));
    const times = `"lastUpdated": "${goTime(updated)}","currentTime": "${goTime(now)}"`;
    tell(response, healthy, path === '/livez' ? `{${times}}` : `{${times}, "nodeEligible": ${stays}}`);
  }
}

function tell(response: ServerResponse, healthy: boolean, body: string): void {
  response.writeHead(healthy ? 200 : 503, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' }).end(body);
}

/** As Go writes a time that is told by %q. */
const goTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC');
