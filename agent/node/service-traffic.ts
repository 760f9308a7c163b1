// Keeps the proxy in line with the cluster's Services: rules from what the API says, planned anew for each Service that changed, as soon
// as workers and kernel are ready for more.
import type { ConfigMap } from '../../src/api/core/config-map.ts';
import type { Namespace } from '../../src/api/core/namespace.ts';
import { zoneLabel, type Node } from '../../src/api/core/node.ts';
import type { Service } from '../../src/api/core/service.ts';
import { serviceNameLabel, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { keyOf } from '../../src/client/client.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import type { Informer } from '../../src/client/informer.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { paced } from '../../src/util/paced.ts';
import type { ProxyMode } from '../proxy/build-rules.ts';
import { KeyedList } from '../proxy/keyed-list.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { ListenError } from '../proxy/rules.ts';
import { RulesBuilder } from '../proxy/rules-builder.ts';
import { followDnsConfig, type DnsConfig } from './dns-config.ts';
import { healthChecks, type HealthCheck, type HealthOptions, type ServiceHealth } from './service-health.ts';

export interface ServiceTrafficOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly namespaces: Informer<Namespace>;
  readonly nodes: Informer<Node>;
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

/** The Service a slice is of, as a list. */
const serviceOf = ({ metadata }: EndpointSlice): string[] => {
  const name = metadata.labels?.[serviceNameLabel];
  return name ? [`${metadata.namespace}/${name}`] : [];
};
const byService = 'service';

export class ServiceTraffic {
  readonly #options: ServiceTrafficOptions;
  readonly #builder: RulesBuilder;
  /** Services to plan anew. */
  readonly #changed = new Set<string>();
  readonly #checks = new KeyedList<HealthCheck>(({ namespace, name }) => `${namespace}/${name}`);
  #dnsConfig: DnsConfig = { stubDomains: [] };
  #upstreams: readonly string[];
  #replan: (() => void) | undefined;
  #dirty = false;
  #running = false;
  constructor(options: ServiceTrafficOptions) {
    this.#options = options;
    this.#upstreams = options.dns.upstreams;
    this.#builder = new RulesBuilder(options);
    options.slices.addIndex(byService, serviceOf);
  }

  /** The host resolves through others now. */
  resolveThrough(upstreams: readonly string[]): void {
    if (JSON.stringify(upstreams) === JSON.stringify(this.#upstreams)) return;
    this.#upstreams = upstreams;
    this.#replan?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { services, slices, namespaces, nodes, dnsConfigs, dns, recorder, clock, log } = this.#options;
    await Promise.all([
      ...[services, slices, namespaces, nodes].map((i) => i.waitFor(0, signal)),
      new Promise<void>((resolve) => { clock.after(configWaitMs, resolve); dnsConfigs.waitFor(0, signal).then(resolve, () => resolve()); }),
    ]);
    signal.throwIfAborted();
    const mark = (...keys: string[]): void => this.#mark(keys, signal);
    const follow = followDnsConfig(dnsConfigs, { clusterDomain: dns.domain, recorder, log, changed: (config) => { this.#dnsConfig = config; mark(); } });
    const off = [
      follow,
      services.addHandler({ added: (s) => mark(keyOf(s)), updated: (s) => mark(keyOf(s)), deleted: (s) => mark(keyOf(s)) }),
      slices.addHandler({ added: (s) => mark(...serviceOf(s)), updated: (s, old) => mark(...serviceOf(s), ...serviceOf(old)), deleted: (s) => mark(...serviceOf(s)) }),
      namespaces.addHandler({ added: () => mark(), deleted: () => mark() }),
      nodes.addHandler({ added: (node) => this.#settle(node, mark), updated: (node) => this.#settle(node, mark) }),
    ];
    this.#replan = () => mark();
    mark();
    signal.addEventListener('abort', () => { for (const stop of off) stop(); }, { once: true });
  }

  /** A node that is put into another zone may prefer other endpoints. */
  #settle({ metadata: { name, labels } }: Node, mark: (...keys: string[]) => void): void {
    const zone = labels?.[zoneLabel];
    if (name !== this.#options.nodeName || zone === this.#builder.zone) return;
    this.#builder.zone = zone;
    mark(...this.#options.services.list().map(keyOf));
  }

  #mark(keys: readonly string[], signal: AbortSignal): void {
    for (const key of keys) this.#changed.add(key);
    this.#dirty = true;
    if (this.#running) return;
    this.#running = true;
    // Later in this turn: changes that come together make one set of rules, and the caches have counted them.
    setImmediate(() => void this.#work(signal));
  }
  async #work(signal: AbortSignal): Promise<void> {
    const { slices, namespaces, proxy, health, dns, clock, log } = this.#options;
    while (this.#dirty && !signal.aborted) {
      this.#dirty = false;
      const revision = slices.revision;
      try {
        await paced(clock, this.#plan());
        await proxy.send(this.#builder.build(revision, { namespaces: namespaces.list().map((n) => n.metadata.name), ...dns, upstreams: this.#upstreams, ...this.#dnsConfig }));
        // Load balancers hear of endpoints that traffic reaches already.
        await health.sync(this.#checks.list);
      } catch (error) {
        log.error({ error }, 'the rules of the proxy could not be put in force');
      }
    }
    this.#running = false;
  }

  /** A step for each Service that changed; what changes meanwhile is planned with them. */
  *#plan(): Generator<undefined, void> {
    const { services, slices, nodeName } = this.#options;
    for (const key of this.#changed) {
      this.#changed.delete(key);
      const [service, ofService] = [services.get(key), slices.byIndex(byService, key)];
      this.#builder.update(key, service, ofService);
      this.#checks.set(key, healthChecks(service ? [service] : [], ofService, nodeName));
      yield;
    }
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
