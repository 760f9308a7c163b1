// What the fault test does to a node, drawn from a seed: the same seed gives the same faults against the same places, in the same order.
export type FaultName =
  | 'kill' | 'stop' | 'remove' | 'pause' | 'rename' | 'kill sandbox' | 'stop sandbox' | 'remove sandbox' | 'pause sandbox' | 'rename sandbox'
  | 'remove a dozen at once' | 'kill a dozen sandboxes at once' | 'kill the agent' | 'restart the engine' | 'restart the engine without live-restore' | 'kill the engine' | 'cut the network';

export interface Fault {
  readonly name: FaultName;
  /** Places among what runs, sorted by name: 0 is the first, 1 would be behind the last. */
  readonly places: readonly number[];
  /** Milliseconds from the beginning of the cycle. */
  readonly delayMs: number;
  /** How long what lasts lasts. */
  readonly lastsMs: number;
}

/** How often each is drawn; what takes the engine or the agent long comes seldom. */
const weights: Readonly<Record<FaultName, number>> = {
  'kill': 10, 'stop': 8, 'remove': 10, 'pause': 8, 'rename': 5, 'kill sandbox': 8, 'stop sandbox': 6, 'remove sandbox': 8, 'pause sandbox': 5, 'rename sandbox': 4,
  'remove a dozen at once': 3, 'kill a dozen sandboxes at once': 3, 'kill the agent': 8, 'restart the engine': 3, 'restart the engine without live-restore': 2, 'kill the engine': 2, 'cut the network': 7,
};
const names = Object.keys(weights) as FaultName[];
const dozen = 12;
/** These leave the agent or the engine away for a while: one of them a cycle. */
const heavy = /engine|agent|network|dozen/;

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One to three faults that meet each other, the first of them of any kind. */
export function drawCycle(random: () => number): Fault[] {
  const draw = (allowed: readonly FaultName[]): FaultName => {
    let left = random() * allowed.reduce((sum, name) => sum + weights[name], 0);
    return allowed.find((name) => (left -= weights[name]) < 0) ?? allowed[0]!;
  };
  const fault = (name: FaultName, delayMs: number): Fault => ({
    name, delayMs: Math.round(delayMs), lastsMs: Math.round(500 + random() * 4500), places: Array.from({ length: /dozen/.test(name) ? dozen : 1 }, random),
  });
  const count = 1 + Math.floor(random() * 3);
  const light = names.filter((name) => !heavy.test(name));
  return [fault(draw(names), 0), ...Array.from({ length: count - 1 }, () => fault(draw(light), random() * 1500))];
}

/** The items at the places, each once. */
export function atPlaces<T>(items: readonly T[], places: readonly number[]): T[] {
  const left = [...items];
  return places.flatMap((place) => left.splice(Math.floor(place * left.length), 1));
}
