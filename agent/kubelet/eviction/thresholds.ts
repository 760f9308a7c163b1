// How little of a resource is too little, as the flags of the kubelet say it: `memory.available<100Mi,nodefs.available<10%`. Pure.
// upstream: pkg/kubelet/eviction/helpers.go (ParseThresholdConfig), pkg/kubelet/eviction/defaults_linux.go
import { parseDuration } from '../../../src/apimachinery/duration.ts';
import { formatQuantity, isQuantity, parseQuantity, quantityValue } from '../../../src/apimachinery/quantity.ts';

export const signals = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available'] as const;
export type Signal = (typeof signals)[number];

/** A number of bytes, inodes or processes, or a part (0 to 1) of the capacity. */
export type Amount = { readonly quantity: number } | { readonly part: number };
export interface Threshold {
  readonly signal: Signal;
  readonly value: Amount;
  /** How long it may be crossed, in ms; 0 for a hard threshold. */
  readonly graceMs: number;
  /** So much more than the threshold is to be there before it counts as resolved. */
  readonly minReclaim?: Amount;
}
export interface EvictionConfig {
  readonly thresholds: readonly Threshold[];
  /** How long a condition stays after the last threshold that called for it. */
  readonly transitionMs: number;
  /** The most a Pod may take to end for a soft threshold. */
  readonly maxPodGraceSeconds: number;
}
/** The flags' texts; upstream's defaults stand for what is absent. */
export interface EvictionFlags {
  readonly evictionHard?: string;
  readonly evictionSoft?: string;
  readonly evictionSoftGracePeriod?: string;
  readonly evictionMinimumReclaim?: string;
  readonly evictionMaxPodGracePeriod?: string;
  readonly evictionPressureTransitionPeriod?: string;
}
/** The kubelet's own ask for 10 % and 15 % of the disk: more than many a machine has free that runs Docker beside other work. k3s has these. */
const defaultHard = 'memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%';

/** @throws Error that names the flag and what is wrong with it */
export function parseEviction(flags: EvictionFlags): EvictionConfig {
  const within = <T>(flag: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw new Error(`--${flag}: ${(error as Error).message}`, { cause: error });
    }
  };
  const hard = within('eviction-hard', () => [...statements(flags.evictionHard ?? defaultHard, '<')].flatMap(([signal, text]) => threshold(signal, text)));
  const graces = within('eviction-soft-grace-period', () => new Map([...statements(flags.evictionSoftGracePeriod ?? '', '=')].map(([signal, text]) => [signal, grace(text)] as const)));
  const soft = within('eviction-soft', () => [...statements(flags.evictionSoft ?? '', '<')].flatMap(([signal, text]) => threshold(signal, text)).map((t) => {
    const graceMs = graces.get(t.signal);
    if (graceMs === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${t.signal}`);
    return { ...t, graceMs };
  }));
  const reclaims = within('eviction-minimum-reclaim', () => new Map([...statements(flags.evictionMinimumReclaim ?? '', '=')].map(([signal, text]) => [signal, amount(text, `eviction minimum reclaim ${signal}`)] as const)));
  const thresholds = [...hard, ...soft].map((t) => {
    const minReclaim = reclaims.get(t.signal);
    return minReclaim ? { ...t, minReclaim } : t;
  });
  return {
    thresholds, transitionMs: within('eviction-pressure-transition-period', () => grace(flags.evictionPressureTransitionPeriod ?? '5m')),
    maxPodGraceSeconds: within('eviction-max-pod-grace-period', () => {
      const text = flags.evictionMaxPodGracePeriod ?? '0';
      if (!/^\d+$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a number of seconds`);
      return Number(text);
    }),
  };
}

function statements(text: string, operator: '<' | '='): Map<Signal, string> {
  const found = new Map<Signal, string>();
  for (const statement of text.split(',').map((s) => s.trim()).filter(Boolean)) {
    const at = statement.indexOf(operator);
    if (at < 0) throw new Error(`invalid eviction statement ${JSON.stringify(statement)}: expected SIGNAL${operator}VALUE`);
    const signal = statement.slice(0, at).trim();
    if (!(signals as readonly string[]).includes(signal)) throw new Error(`unsupported eviction signal ${signal}`);
    if (found.has(signal as Signal)) throw new Error(`duplicate eviction signal ${signal}`);
    found.set(signal as Signal, statement.slice(at + 1).trim());
  }
  return found;
}

/** `0%` and `100%` switch a threshold off. */
const threshold = (signal: Signal, text: string): Threshold[] => (text === '0%' || text === '100%' ? [] : [{ signal, value: amount(text, `eviction threshold ${signal}`), graceMs: 0 }]);

function amount(text: string, of: string): Amount {
  if (text.endsWith('%')) {
    const part = Number(text.slice(0, -1)) / 100;
    if (text === '%' || !(part > 0 && part <= 1)) throw new Error(`${of} must be > 0% and <= 100%: ${text}`);
    return { part };
  }
  const valid: boolean = isQuantity(text);
  if (!valid) throw new Error(`${of} is no quantity: ${text}`);
  const quantity = quantityValue(text);
  if (quantity <= 0) throw new Error(`${of} must be positive: ${formatQuantity(parseQuantity(text))}`);
  return { quantity };
}
function grace(text: string): number {
  const ms = parseDuration(text);
  if (ms < 0) throw new Error(`invalid eviction grace period specified: ${text}, must be a positive value`);
  return ms;
}

export const amountOf = (amount_: Amount, capacity: number): number => ('quantity' in amount_ ? amount_.quantity : Math.floor(amount_.part * capacity));
/** What the hard threshold of a signal keeps back of so much: it is not given to Pods. upstream: HardEvictionReservation */
export const reserved = (thresholds: readonly Threshold[], signal: Signal, capacity: number): number => {
  const found = thresholds.find((t) => t.signal === signal && t.graceMs === 0);
  return found ? amountOf(found.value, capacity) : 0;
};
