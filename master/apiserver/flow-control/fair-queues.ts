// Requests that wait: by priority level, and in each by flow. Levels get the processor in proportion to their shares, the flows of one level
// in turn. Upstream deals flows into a fixed number of queues, where two may meet; here each flow has a queue of its own while it waits.
// upstream: apiserver pkg/util/flowcontrol/fairqueuing
import type { Level } from './levels.ts';

interface State<T> {
  level: Level;
  running: number;
  waiting: number;
  /** Processor time taken, divided by shares: who has least is next. */
  used: number;
  /** By flow, next first. */
  readonly flows: Map<string, T[]>;
}

export class FairQueues<T> {
  #states = new Map<string, State<T>>();
  #seats = 0;
  #running = 0;
  #waiting = 0;
  /** Where the level that was served last stood: one that has been idle has saved up nothing. */
  #now = 0;

  /** Levels that have gone are kept until nothing of theirs runs or waits. */
  configure(levels: readonly Level[], seats: number): void {
    this.#seats = seats;
    const states = new Map<string, State<T>>();
    for (const level of levels) {
      const state = this.#states.get(level.name);
      if (state) state.level = level;
      states.set(level.name, state ?? { level, running: 0, waiting: 0, used: this.#now, flows: new Map() });
    }
    for (const [name, state] of this.#states) if (!states.has(name) && (state.running || state.waiting)) states.set(name, state);
    this.#states = states;
  }

  /** Requests that wait. */
  get length(): number { return this.#waiting; }
  level(name: string): Level | undefined { return this.#states.get(name)?.level; }
  *levels(): Generator<Level> { for (const { level } of this.#states.values()) yield level; }

  /** Whether a seat is free for a request of this level. */
  hasRoom(name: string): boolean {
    const state = this.#states.get(name)!;
    if (state.level.exempt || state.running < state.level.nominal) return true;
    if (state.running >= state.level.most) return false;
    let kept = 0;
    for (const other of this.#states.values()) if (other !== state) kept += Math.max(0, other.level.reserved - other.running);
    return this.#running + kept < this.#seats;
  }

  /** A request takes a seat. */
  enter(name: string): void {
    const state = this.#states.get(name)!;
    state.running++;
    if (!state.level.exempt) this.#running++;
  }
  leave(name: string): void {
    const state = this.#states.get(name)!;
    state.running--;
    if (!state.level.exempt) this.#running--;
  }
  /** Time on the processor, in any unit. A level that has gone meanwhile needs no account. */
  charge(name: string, cost: number): void {
    const state = this.#states.get(name);
    if (state) state.used += cost / Math.max(1, state.level.shares);
  }

  /** False when too many wait already. As many as there are seats may always wait for the processor. */
  add(name: string, flow: string, item: T): boolean {
    const state = this.#states.get(name)!;
    const queue = state.flows.get(flow);
    const { nominal, waiting: { ofFlow, ofAll } } = state.level;
    if (state.running + state.waiting >= nominal && (state.waiting >= ofAll || (queue?.length ?? 0) >= ofFlow)) return false;
    if (state.waiting === 0) state.used = Math.max(state.used, this.#now);
    if (queue) queue.push(item);
    else state.flows.set(flow, [item]);
    state.waiting++;
    this.#waiting++;
    return true;
  }

  /** The next that has room; it is no longer waiting. */
  take(): T | undefined {
    let next: State<T> | undefined;
    for (const state of this.#states.values()) if (state.waiting > 0 && (!next || state.used < next.used) && this.hasRoom(state.level.name)) next = state;
    if (!next) return undefined;
    this.#now = Math.max(this.#now, next.used);
    const [flow, queue] = next.flows.entries().next().value!;
    const item = queue.shift()!;
    next.flows.delete(flow);
    // Behind the others.
    if (queue.length) next.flows.set(flow, queue);
    next.waiting--;
    this.#waiting--;
    return item;
  }

  /** Takes out what `isOver` says. */
  drop(isOver: (item: T) => boolean): T[] {
    const dropped: T[] = [];
    for (const state of this.#states.values()) {
      for (const [flow, queue] of state.flows) {
        const over = queue.filter(isOver);
        if (over.length === 0) continue;
        dropped.push(...over);
        const kept = queue.filter((item) => !over.includes(item));
        state.waiting -= over.length;
        this.#waiting -= over.length;
        if (kept.length) state.flows.set(flow, kept);
        else state.flows.delete(flow);
      }
    }
    return dropped;
  }
}
