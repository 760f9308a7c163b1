// Keeps the proxy workers in line with the cluster's Services: rules from what the API says, made anew when something changed and
// the workers are ready for more.
import type { ConfigMap } from '../../src/api/core/config-map.ts';
import type { Namespace } from '../../src/api/core/namespace.ts';
import type { Node } from '../../src/api/core/node.ts';
import type { Service } from '../../src/api/core/service.ts';
import type { EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import type { Informer } from '../../src/client/informer.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { buildDnsTable } from '../dns/build-table.ts';
import { buildRules, type ProxyMode } from '../proxy/build-rules.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { ListenError } from '../proxy/rules.ts';
import { followDnsConfig, type DnsConfig } from './dns-config.ts';
import { healthChecks, type HealthOptions, type ServiceHealth } from './service-health.ts';

export interface ServiceTrafficOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly namespaces: Informer<Namespace>;
  /** Holds the one ConfigMap of the cluster DNS, where there is one. */
  readonly dnsConfigs: Informer<ConfigMap>;
  readonly proxy: Pick<Proxy, 'send'>;
  readonly health: Pick<ServiceHealth, 'sync'>;
  readonly nodeName: string;
  readonly mode: ProxyMode;
  /** Whether the kernel can carry Services. */
  readonly kernel: boolean;
  readonly dns: { readonly addresses: readonly string[]; readonly domain: string; readonly upstreams: readonly string[] };
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** A master that does not let its nodes read the DNS configuration must not keep them from carrying traffic. */
const configWaitMs = 2_000;

export class ServiceTraffic {
  readonly #options: ServiceTrafficOptions;
  #dnsConfig: DnsConfig = { stubDomains: [] };
  #dirty = false;
  #running = false;
  constructor(options: ServiceTrafficOptions) { this.#options = options; }

  async run(signal: AbortSignal): Promise<void> {
    const { services, slices, namespaces, dnsConfigs, dns, recorder, clock, log } = this.#options;
    await Promise.all([
      ...[services, slices, namespaces].map((i) => i.waitFor(0, signal)),
      new Promise<void>((resolve) => { clock.after(configWaitMs, resolve); dnsConfigs.waitFor(0, signal).then(resolve, () => resolve()); }),
    ]);
    signal.throwIfAborted();
    const changed = (): void => this.#mark(signal);
    const follow = followDnsConfig(dnsConfigs, { clusterDomain: dns.domain, recorder, log, changed: (config) => { this.#dnsConfig = config; changed(); } });
    const off = [follow, ...[services, slices, namespaces].map((i) => i.addHandler({ added: changed, updated: changed, deleted: changed }))];
    changed();
    signal.addEventListener('abort', () => { for (const stop of off) stop(); }, { once: true });
  }

  #mark(signal: AbortSignal): void {
    this.#dirty = true;
    if (this.#running) return;
    this.#running = true;
    // Later in this turn: changes that come together make one set of rules, and the caches have counted them.
    setImmediate(() => void this.#work(signal));
  }
  async #work(signal: AbortSignal): Promise<void> {
    const { services, slices, namespaces, proxy, health, nodeName, mode, kernel, dns, log } = this.#options;
    while (this.#dirty && !signal.aborted) {
      this.#dirty = false;
      const revision = slices.revision;
      try {
        const [serviceList, sliceList] = [services.list(), slices.list()];
        const table = buildDnsTable({ services: serviceList, endpointSlices: sliceList, namespaces: namespaces.list().map((n) => n.metadata.name), ...dns, ...this.#dnsConfig });
        await proxy.send(buildRules({ services: serviceList, endpointSlices: sliceList, nodeName, mode, kernel, revision, dns: table }));
        // Load balancers hear of endpoints that traffic reaches already.
        await health.sync(healthChecks(serviceList, sliceList, nodeName));
      } catch (error) {
        log.error({ error }, 'the rules of the proxy could not be put in force');
      }
    }
    this.#running = false;
  }
}

/** Tells on each Service which of its ports could not be opened on this node. */
export function listenErrorEvents(services: Pick<Informer<Service>, 'get'>, recorder: EventRecorder, nodeName: string): (errors: readonly ListenError[]) => void {
  return (errors) => {
    for (const { id, message } of errors) {
      const service = services.get(id.slice(0, Math.max(0, id.lastIndexOf(':'))));
      if (service) recorder.warning(service, 'FailedToListen', `node ${nodeName}: ${message}`);
    }
  };
}

/** Tells on each Service, and on the node, which health check port could not be opened. (upstream: pkg/proxy/healthcheck, cmd/kube-proxy/app/server.go) */
export function healthErrorEvents(services: Pick<Informer<Service>, 'get'>, nodes: Pick<Informer<Node>, 'get'>, recorder: EventRecorder, nodeName: string): HealthOptions['onError'] {
  return ({ message }, port, check) => {
    if (!check) {
      const node = nodes.get(nodeName);
      if (node) recorder.warning(node, 'FailedToStartProxierHealthcheck', `node ${nodeName} failed to start proxy healthz on port ${port}: ${message}`);
      return;
    }
    const key = `${check.namespace}/${check.name}`;
    const service = services.get(key);
    if (service) recorder.warning(service, 'FailedToStartServiceHealthcheck', `node ${nodeName} failed to start healthcheck "${key}" on port ${port}: ${message}`);
  };
}
