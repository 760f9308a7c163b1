// The model random histories are judged by: what clients were answered and watches were told must be one order of single-object
// writes, that of their revisions. Pure.

/** The state of an object after a write; undefined when it is deleted. */
export interface State { readonly revision: number; readonly object: string; readonly values: Readonly<Record<string, string>> | undefined }
export interface Event extends State { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' }

export type Kind = 'create' | 'replace' | 'patch' | 'delete' | 'read';
/** A call of one client; `since` and `until` order calls in time. */
export interface Call {
  readonly kind: Kind;
  readonly object: string;
  /** What the write puts: unique to it. */
  readonly id: string;
  /** The revision a replace names. */
  readonly expected?: number;
  readonly since: number;
  until?: number;
  /** Undefined when no answer came: it may have happened. */
  outcome?: { readonly code: number; readonly state?: State };
}

/** What a watcher saw between a list, or the event it resumed from, and its end. A list alone is one without events. */
export interface Segment {
  readonly from: number;
  readonly initial?: readonly State[];
  readonly events: Event[];
  /** The last revision it was told of. */
  to: number;
  /** The one object it was to be told of; all unless said. */
  readonly only?: string;
}

/** A list that was taken, in pages or as a watch, between two moments: no older than what was acknowledged before. */
export interface Listed { readonly revision: number; readonly since: number; readonly until: number }

const show = (value: unknown): string => JSON.stringify(value);
const same = (a: State['values'], b: State['values']): boolean => show(sorted(a)) === show(sorted(b));
const sorted = (values: State['values']): unknown => values && Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

/** All writes, by revision. Faults go to `faults`. */
export function historyOf(segments: readonly Segment[], faults: string[]): Event[] {
  const byRevision = new Map<number, Event>();
  for (const { events, from } of segments) {
    let last = from;
    for (const event of events) {
      if (event.revision <= last) faults.push(`a watch was told ${show(event)} after revision ${last}`);
      last = event.revision;
      const known = byRevision.get(event.revision);
      if (known && show(known) !== show(event)) faults.push(`two watches were told of revision ${event.revision}: ${show(known)} and ${show(event)}`);
      byRevision.set(event.revision, event);
    }
  }
  return [...byRevision.values()].sort((a, b) => a.revision - b.revision);
}

/** Each watcher was told everything, and lists are the state they say they are. */
export function judgeSegments(segments: readonly Segment[], history: readonly Event[]): string[] {
  const faults: string[] = [];
  for (const { from, to, events, initial, only } of segments) {
    const concerns = (e: Event): boolean => only === undefined || e.object === only;
    const missing = history.filter((e) => concerns(e) && e.revision > from && e.revision <= to && !events.some((seen) => seen.revision === e.revision));
    for (const event of missing) faults.push(`a watch from ${from} to ${to} was not told ${show(event)}`);
    for (const event of events) if (!concerns(event)) faults.push(`a watch of ${only} was told ${show(event)}`);
    if (!initial) continue;
    if (new Set(initial.map((i) => i.object)).size !== initial.length) faults.push(`the list at ${from} has an object twice: ${show(initial)}`);
    const then = new Map<string, State>();
    for (const event of history) if (concerns(event) && event.revision <= from) then.set(event.object, stateOf(event));
    for (const [object, state] of then) {
      const listed = initial.find((i) => i.object === object);
      if (state.values ? !listed || listed.revision !== state.revision || !same(listed.values, state.values) : listed) faults.push(`the list at ${from} says ${show(listed)} of ${show(state)}`);
    }
    for (const item of initial) if (!then.has(item.object)) faults.push(`the list at ${from} has ${show(item)}, which nobody was told of`);
  }
  return faults;
}

/** Lists that said nothing older than what somebody had been answered before they were asked for, and nothing newer than what began later. */
export function judgeLists(lists: readonly Listed[], calls: readonly Call[]): string[] {
  const answered = answeredWrites(calls);
  return lists.flatMap((list) => {
    const { least, most } = boundsOf(list, answered);
    return list.revision >= least && list.revision <= most ? [] : [`a list said it was that of ${list.revision}, and is not between ${least} and ${most}`];
  });
}

const answeredWrites = (calls: readonly Call[]): readonly Call[] => calls.filter((c) => c.outcome?.state && c.outcome.code < 300 && c.kind !== 'read');
/** What had been acknowledged before was there; what began after the end was not. */
const boundsOf = ({ since, until }: { readonly since: number; readonly until: number }, answered: readonly Call[]): { readonly least: number; readonly most: number } => ({
  least: Math.max(0, ...answered.filter((c) => c.until! < since).map((c) => c.outcome!.state!.revision)),
  most: Math.min(Infinity, ...answered.filter((c) => c.since > until).map((c) => c.outcome!.state!.revision - 1)),
});

/** One object's writes follow from each other, and from what the calls asked for. */
function judgeWrites(history: readonly Event[], calls: readonly Call[]): string[] {
  const faults: string[] = [];
  const byId = new Map(calls.map((call) => [call.id, call]));
  const used = new Set<string>();
  const states = new Map<string, Event>();
  let deletions = 0;
  for (const event of history) {
    const before = states.get(event.object)?.values;
    states.set(event.object, event.type === 'DELETED' ? { ...event, values: undefined } : event);
    if ((event.type === 'ADDED') === (before !== undefined)) faults.push(`${show(event)} follows ${show(before)}`);
    if (event.type === 'DELETED') {
      deletions++;
      if (!same(event.values, before)) faults.push(`the last state of ${show(event)} was ${show(before)}`);
      continue;
    }
    const call = byId.get(event.values?.['id'] ?? '');
    if (!call) { faults.push(`nobody wrote ${show(event)}`); continue; }
    if (used.has(call.id)) faults.push(`${call.id} happened twice`);
    used.add(call.id);
    if (call.outcome && call.outcome.code >= 300) faults.push(`${call.id} was refused with ${call.outcome.code}, and happened: ${show(event)}`);
    const wanted = call.kind === 'patch' ? { ...before, id: call.id, [call.id]: '1' } : { id: call.id };
    if (!same(event.values, wanted)) faults.push(`${call.kind} ${call.id} of ${show(before)} made ${show(event)}`);
  }
  const deletes = calls.filter((c) => c.kind === 'delete' && (!c.outcome || c.outcome.code < 300)).length;
  if (deletions > deletes) faults.push(`${deletions} deletions of ${deletes}`);
  return faults;
}

/** Every answer could have been given at some moment of its call. */
export function judge(history: readonly Event[], calls: readonly Call[]): string[] {
  const faults = judgeWrites(history, calls);
  const at = new Map(history.map((event) => [event.revision, event]));
  const answered = answeredWrites(calls);
  for (const call of calls) {
    if (!call.outcome) continue;
    const { code, state } = call.outcome;
    const say = (why: string): void => { faults.push(`${call.kind} ${call.id} of ${call.object} was answered ${code} ${show(state)}: ${why}`); };
    const { least, most } = boundsOf({ since: call.since, until: call.until! }, answered);
    const possible = statesBetween(history, call.object, least, most);
    if (code >= 500) { say('no answer of the kind was expected'); continue; }
    if (code < 300 && call.kind !== 'read') {
      const event = at.get(state!.revision);
      if (!event || event.object !== call.object || (event.type === 'DELETED') !== (call.kind === 'delete')) say(`that revision is ${show(event)}`);
      else if (!same(event.values, state!.values)) say(`its state is ${show(event)}`);
      if (state!.revision <= least || state!.revision > most) say(`it is not between ${least} and ${most}`);
      const before = lastBefore(history, call.object, state!.revision);
      if (call.kind === 'replace' && before?.revision !== call.expected) say(`it replaced ${before?.revision} instead of ${call.expected}`);
      continue;
    }
    const holds = ({
      read: (s) => (code === 404 ? !s?.values : s?.revision === state?.revision && same(s?.values, state?.values)),
      create: (s) => s?.values !== undefined,
      replace: (s) => (code === 404 ? !s?.values : s?.revision !== call.expected),
      patch: (s) => !s?.values, delete: (s) => !s?.values,
    } satisfies Record<Kind, (s: State | undefined) => boolean>)[call.kind];
    if (!possible.some(holds)) say(`between ${least} and ${most} it was ${show(possible)}`);
  }
  return faults;
}

const stateOf = (event: Event): State => (event.type === 'DELETED' ? { ...event, values: undefined } : event);
function lastBefore(history: readonly Event[], object: string, revision: number): State | undefined {
  const found = history.findLast((e) => e.object === object && e.revision < revision);
  return found && stateOf(found);
}
function statesBetween(history: readonly Event[], object: string, least: number, most: number): (State | undefined)[] {
  return [lastBefore(history, object, least + 1), ...history.filter((e) => e.object === object && e.revision > least && e.revision <= most).map(stateOf)];
}
