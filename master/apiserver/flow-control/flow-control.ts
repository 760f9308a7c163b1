// API Priority and Fairness on one thread. Which requests run at a time, and in which order, say FlowSchemas and priority levels: what needs no
// seat runs at once; the others do while this turn of the event loop is young, and wait otherwise, so that however much nodes ask, whoever asks
// with higher priority is heard within a few turns, and nobody is turned away as long as there is room to wait.
// upstream: apiserver pkg/util/flowcontrol, server/filters/priority-and-fairness.go
import { FlowSchemas } from '../../../src/api/flowcontrol/flow-schema.ts';
import { catchAll, mandatoryLevelSpecs, mandatorySchemaSpecs } from '../../../src/api/flowcontrol/mandatory.ts';
import { PriorityLevelConfigurations } from '../../../src/api/flowcontrol/priority-level-configuration.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Registry } from '../../registry/registry.ts';
import type { AdmittedRequest } from '../request.ts';
import { FairQueues } from './fair-queues.ts';
import { FlowCounts, type Rejection } from './flow-counts.ts';
import { FlowSchemaRules, type Flow, type Schema } from './flow-schemas.ts';
import { planLevels, type Level, type LevelObject } from './levels.ts';

export interface FlowLimits {
  /** Requests that are served at a time, of all levels. */
  readonly seats: number;
  readonly watchesPerUser: number;
}
/** Upstream's sum of 400 reads and 200 writes. */
const defaultLimits: FlowLimits = { seats: 600, watchesPerUser: 1000 };
/** How long a turn of the event loop may have lasted for one more request to begin. */
const sliceMs = 2;
const sweepMs = 1000;

type Request = Pick<AdmittedRequest, 'info' | 'user' | 'peer' | 'body'>;
type Kind = 'readOnly' | 'mutating';
const readVerbs = new Set(['get', 'list', 'watch']);

/** Says that a request may run, or that it may not. */
export interface Ticket {
  readonly admitted: boolean;
  /** Tells the client under which schema and level it was judged. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request is over. */
  leave(): void;
}
interface Waiting { readonly flow: Flow; readonly until: number; readonly start: () => void; readonly refuse: (why: Rejection) => void }

const named = (specs: object): readonly unknown[] => Object.entries(specs).map(([name, spec]) => ({ metadata: { name }, spec: spec as unknown }));
/** They are in force whether they are stored or not. */
const mandatorySchemas = named(mandatorySchemaSpecs) as readonly Schema[];
const mandatoryLevels = named(mandatoryLevelSpecs) as readonly LevelObject[];

const nothing = (): void => undefined;
const free: Ticket = { admitted: true, headers: {}, leave: nothing };
const noHeaders = {};

export class FlowControl {
  readonly #clock: Clock;
  readonly #limits: FlowLimits;
  readonly #queues = new FairQueues<Waiting>();
  readonly #running: Record<Kind, number> = { readOnly: 0, mutating: 0 };
  readonly #watches = new Map<string, number>();
  readonly #stored: () => { readonly schemas: readonly Schema[]; readonly levels: readonly LevelObject[] };
  #rules: FlowSchemaRules | undefined;
  #headers = new WeakMap<Schema, Ticket['headers']>();
  readonly counts = new FlowCounts();
  #turnBegan: number | undefined;
  #drains = false;
  #sweeps = false;

  constructor(registry: Registry, clock: Clock, limits: FlowLimits = defaultLimits) {
    this.#clock = clock;
    this.#limits = limits;
    const objectsOf = <T>({ group, version, plural }: ResourceDefinition): (() => T[]) => {
      const store = registry.find(group, version, plural);
      if (!store) return () => [];
      registry.cache.observe(store.prefix, () => { this.#rules = undefined; });
      return () => [...registry.cache.list(store.prefix)].map(({ object }) => object as T);
    };
    const [schemas, levels] = [objectsOf<Schema>(FlowSchemas), objectsOf<LevelObject>(PriorityLevelConfigurations)];
    this.#stored = () => ({ schemas: withMissing(schemas(), mandatorySchemas), levels: withMissing(levels(), mandatoryLevels) });
  }

  get readOnly(): number { return this.#running.readOnly; }
  get mutating(): number { return this.#running.mutating; }
  get levels(): Iterable<Level> { return this.#queues.levels(); }

  /** Who may run: at once, or when it is their turn. Streams that are no watches have no seats and no turn; `deadline` is how long the request may take, in ms. */
  enter(request: Request, { streams, deadline }: { readonly streams: boolean; readonly deadline: number }): Ticket | Promise<Ticket> {
    const { info, peer } = request;
    if (streams && info.verb !== 'watch') return free;
    const flow = this.#flowOf(request);
    if (info.verb === 'watch') return this.#enterWatch(request, flow, deadline);
    const kind = readVerbs.has(info.verb) ? 'readOnly' : 'mutating';
    if (this.#queues.level(flow.level)!.exempt || kind === 'readOnly' || peer.address === inProcess) return this.#wait(flow, kind, deadline);
    // A seat is for work: whoever sends slowly takes none.
    return request.body().then(() => this.#wait(this.#flowOf(request), kind, deadline));
  }

  #flowOf({ info, user }: Request): Flow {
    if (!this.#rules) {
      const { schemas, levels } = this.#stored();
      const planned = planLevels(levels, this.#limits.seats);
      this.#queues.configure(planned, this.#limits.seats);
      this.#headers = new WeakMap();
      this.#rules = new FlowSchemaRules(schemas.filter(({ spec }) => planned.some(({ name }) => name === spec.priorityLevelConfiguration.name)));
    }
    return this.#rules.flowOf(user, info) ?? { schema: mandatorySchemas.find(({ metadata }) => metadata.name === catchAll)!, level: catchAll, name: user.name };
  }

  async #enterWatch(request: Request, flow: Flow, deadline: number): Promise<Ticket> {
    const { name } = request.user;
    const level = this.#queues.level(flow.level)!;
    const count = this.#watches.get(name) ?? 0;
    if (count >= this.#limits.watchesPerUser && !level.exempt && request.peer.address !== inProcess) return this.#refused(flow, 'concurrency-limit');
    this.#watches.set(name, count + 1);
    const leave = (): void => {
      const left = this.#watches.get(name)! - 1;
      if (left > 0) this.#watches.set(name, left);
      else this.#watches.delete(name);
    };
    // It waits for its turn, and then needs no seat: what it is sent is little work.
    const turn = await this.#wait(flow, 'readOnly', deadline);
    turn.leave();
    if (!turn.admitted) leave();
    return turn.admitted ? { ...turn, leave } : turn;
  }

  #wait(flow: Flow, kind: Kind, deadline: number): Ticket | Promise<Ticket> {
    const queues = this.#queues;
    if (queues.level(flow.level)!.exempt || (queues.length === 0 && queues.hasRoom(flow.level) && this.#isYoung())) return this.#started(flow, kind);
    const count = this.counts.of(flow);
    return new Promise((resolve) => {
      const over = (ticket: Ticket): void => {
        count.waiting--;
        resolve(ticket);
      };
      const waiting: Waiting = { flow, until: this.#clock.monotonic() + deadline / 4, start: () => over(this.#started(flow, kind)), refuse: (why) => over(this.#refused(flow, why)) };
      count.waiting++;
      if (!queues.add(flow.level, flow.name, waiting)) return waiting.refuse(queues.level(flow.level)!.waiting.ofAll ? 'queue-full' : 'concurrency-limit');
      this.#drainLater();
      this.#sweepLater();
    });
  }

  #started(flow: Flow, kind: Kind): Ticket {
    const { level, schema } = flow;
    this.#queues.enter(level);
    this.#running[kind]++;
    const count = this.counts.of(flow);
    count.dispatched++;
    count.executing++;
    return {
      admitted: true, headers: this.#headersOf(schema, level),
      leave: () => {
        this.#queues.leave(level);
        this.#running[kind]--;
        count.executing--;
        if (this.#queues.length) this.#drainLater();
      },
    };
  }
  #refused(flow: Flow, why: Rejection): Ticket {
    this.counts.of(flow).rejected[why]++;
    return { admitted: false, headers: this.#headersOf(flow.schema, flow.level), leave: nothing };
  }

  #headersOf(schema: Schema, level: string): Ticket['headers'] {
    const { uid } = schema.metadata;
    if (!uid) return noHeaders;
    let headers = this.#headers.get(schema);
    if (!headers) this.#headers.set(schema, (headers = { 'x-kubernetes-pf-flowschema-uid': uid, 'x-kubernetes-pf-prioritylevel-uid': this.#queues.level(level)!.uid }));
    return headers;
  }

  /** Whether this turn of the event loop has lasted for less than a slice. */
  #isYoung(): boolean {
    const now = this.#clock.monotonic();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      setImmediate(() => { this.#turnBegan = undefined; });
    }
    return now - this.#turnBegan < sliceMs;
  }

  #drainLater(): void {
    if (this.#drains) return;
    this.#drains = true;
    setImmediate(() => this.#drain(this.#clock.monotonic()));
  }
  /** One after the other, each as far as it comes before it has to wait for something, until the slice that began at `began` is over. */
  #drain(began: number): void {
    const next = this.#queues.take();
    if (!next) {
      // Whoever leaves a seat comes back here.
      this.#drains = false;
      return;
    }
    const from = this.#clock.monotonic();
    next.start();
    // A tick that is asked for by a microtask comes when no microtask is left.
    queueMicrotask(() => process.nextTick(() => {
      const now = this.#clock.monotonic();
      this.#queues.charge(next.flow.level, now - from);
      if (now - began < sliceMs) return this.#drain(began);
      this.#drains = false;
      if (this.#queues.length) this.#drainLater();
    }));
  }

  #sweepLater(): void {
    if (this.#sweeps) return;
    this.#sweeps = true;
    this.#clock.after(sweepMs, () => {
      this.#sweeps = false;
      const now = this.#clock.monotonic();
      for (const { refuse } of this.#queues.drop(({ until }) => until <= now)) refuse('time-out');
      if (this.#queues.length) this.#sweepLater();
    });
  }
}

/** The address of the master's own parts. */
const inProcess = 'in-process';

function withMissing<T extends { readonly metadata: { readonly name: string } }>(stored: readonly T[], wanted: readonly T[]): T[] {
  return [...stored, ...wanted.filter(({ metadata: { name } }) => !stored.some(({ metadata }) => metadata.name === name))];
}
