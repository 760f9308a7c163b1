// What the server tells Prometheus of itself, under upstream's names: requests by verb and resource, what is in flight, objects
// in the store, and the process. Served at /metrics. (upstream: apiserver endpoints/metrics/metrics.go)
import { readdirSync } from 'node:fs';
import { Counter, Gauge, Registry as PrometheusRegistry } from 'prom-client';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { Registry } from '../registry/registry.ts';
import type { PathHandler } from './api-server.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import type { FlowCount } from './flow-control/flow-counts.ts';
import type { RequestInfo } from './request-info.ts';
import { RequestSeries } from './request-series.ts';
import { subresourceVerbs } from './routes.ts';

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
const component = 'apiserver';

/** What is told apart of a request. */
export type Reported = Readonly<Pick<RequestInfo, 'group' | 'version' | 'resource' | 'subresource'> & { verb: string; scope: string }>;

const connecting = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
const methods: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT', head: 'GET' };
const verbs = new Set(['get', 'list', 'watch', 'patch', 'delete', 'deletecollection', 'post', 'put', 'connect']);
const applyType = 'application/apply-patch+yaml';

/**
 * How a request is counted: a client could ask with any number of other verbs, resources and subresources, so that only what is
 * served has names of its own. `resource` is the definition asked for, if there is one. (upstream: cleanVerb; routes are
 * counted where they are installed)
 */
export function reported(info: RequestInfo, contentType: string | undefined, resource: ResourceDefinition | undefined): Reported {
  const { group, version, subresource, namespace, name } = info;
  if (resource && (subresource === '' || subresourceVerbs(resource, subresource))) {
    return { verb: verbOf(info, contentType), group, version, resource: info.resource, subresource, scope: namespace ? 'namespace' : name ? 'resource' : 'cluster' };
  }
  return { verb: verbOf(info, contentType), group: '', version: '', resource: '', subresource: '', scope: '' };
}

/** Upstream's spelling: reads and writes by their verb, in capitals, creations by their method. */
function verbOf({ isResource, verb, subresource }: RequestInfo, contentType: string | undefined): string {
  if (isResource && connecting.has(subresource)) return 'CONNECT';
  if (verb === 'patch' && contentType === applyType) return 'APPLY';
  return Object.hasOwn(methods, verb) ? methods[verb]! : verbs.has(verb) ? verb.toUpperCase() : 'other';
}

export class ApiMetrics {
  readonly #registry = new PrometheusRegistry();
  readonly #requests = new RequestSeries();
  readonly #longRunning: Gauge;

  constructor(registry: Registry, flowControl: FlowControl) {
    const registers = [this.#registry];
    this.#longRunning = new Gauge({ name: 'apiserver_longrunning_requests', help: 'Watches and streams that are open.', labelNames: [...requestLabels], registers });
    new Gauge({
      name: 'apiserver_current_inflight_requests', help: 'Requests under way.', labelNames: ['request_kind'], registers,
      collect() {
        this.set({ request_kind: 'readOnly' }, flowControl.readOnly);
        this.set({ request_kind: 'mutating' }, flowControl.mutating);
      },
    });
    flowMetrics(flowControl, registers);
    new Gauge({
      name: 'apiserver_storage_objects', help: 'Objects in the store, by resource.', labelNames: ['resource'], registers,
      collect() {
        this.reset();
        for (const { resource, prefix } of registry.stores()) {
          if ((!resource.storedAs || resource.custom) && resource.verbs.includes('list') && resource.verbs.includes('create')) this.set({ resource: resource.group ? `${resource.plural}.${resource.group}` : resource.plural }, registry.cache.count(prefix));
        }
      },
    });
    new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory.', registers, collect() { this.set(process.memoryUsage.rss()); } });
    new Gauge({ name: 'process_open_fds', help: 'Open file descriptors.', registers, collect() { this.set(readdirSync('/proc/self/fd').length); } });
    new Gauge({ name: 'process_start_time_seconds', help: 'Start of the process, in seconds since the epoch.', registers }).set(Math.round(performance.timeOrigin / 1000));
    new Counter({
      name: 'process_cpu_seconds_total', help: 'Time on a processor.', registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
  }

  /** A watch or stream has begun; returns what to call at its end. */
  longRunning(request: Reported): () => void {
    const labels = { ...request, component };
    this.#longRunning.inc(labels);
    return () => this.#longRunning.dec(labels);
  }

  /** `seconds` is undefined for what lasts as long as somebody listens. */
  answered(request: Reported, code: number, seconds: number | undefined): void {
    const { verb, group, version, resource, subresource, scope } = request;
    this.#requests.add(`${verb} ${group}/${version}/${resource}/${subresource} ${scope}`, () => ({ verb, group, version, resource, subresource, scope, component }), code, seconds);
  }

  get handler(): PathHandler {
    return {
      path: '/metrics',
      handle: async () => ({ kind: 'raw', status: 200, headers: { 'content-type': this.#registry.contentType }, body: Buffer.from(`${this.#requests.text()}\n${await this.#registry.metrics()}`) }),
    };
  }
}

/** (upstream: apiserver pkg/util/flowcontrol/metrics/metrics.go) */
function flowMetrics(flowControl: FlowControl, registers: PrometheusRegistry[]): void {
  const labelNames = ['priority_level', 'flow_schema'];
  const labelsOf = ({ level, schema }: FlowCount): Record<string, string> => ({ priority_level: level, flow_schema: schema });
  for (const [name, help, value] of [['current_executing_requests', 'Requests that are served.', 'executing'], ['current_inqueue_requests', 'Requests that wait for their turn.', 'waiting']] as const) {
    new Gauge({ name: `apiserver_flowcontrol_${name}`, help, labelNames, registers, collect() { for (const count of flowControl.counts.all()) this.set(labelsOf(count), count[value]); } });
  }
  new Gauge({ name: 'apiserver_flowcontrol_nominal_limit_seats', help: 'Requests of a level that are served at a time.', labelNames: ['priority_level'], registers, collect() { for (const { name, nominal } of flowControl.levels) this.set({ priority_level: name }, nominal); } });
  new Counter({
    name: 'apiserver_flowcontrol_dispatched_requests_total', help: 'Requests that got their turn.', labelNames, registers,
    collect() {
      this.reset();
      for (const count of flowControl.counts.all()) this.inc(labelsOf(count), count.dispatched);
    },
  });
  new Counter({
    name: 'apiserver_flowcontrol_rejected_requests_total', help: 'Requests that were refused.', labelNames: [...labelNames, 'reason'], registers,
    collect() {
      this.reset();
      for (const count of flowControl.counts.all()) for (const [reason, times] of Object.entries(count.rejected)) if (times) this.inc({ ...labelsOf(count), reason }, times);
    },
  });
}
