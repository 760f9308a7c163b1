// Protects the server from more than it can carry: so many reads and writes at once, so many watches of one user. What is
// over is told to come again; administrators and the master's own parts always get an answer.
// upstream: apiserver server/filters/maxinflight.go
import { errorPage, type AdmittedRequest, type Answer } from '../request.ts';
import { isLongRunning } from './request-deadline.ts';

export interface InFlightLimits { readonly reads: number; readonly writes: number; readonly watchesPerUser: number }
export const defaultLimits: InFlightLimits = { reads: 400, writes: 200, watchesPerUser: 1000 };

const readVerbs = new Set(['get', 'list', 'watch']);
const nothing = (): void => undefined;

export class MaxInFlight {
  readonly #limits: InFlightLimits;
  readonly #running = { readOnly: 0, mutating: 0 };
  readonly #watches = new Map<string, number>();

  constructor(limits: InFlightLimits) { this.#limits = limits; }

  get readOnly(): number { return this.#running.readOnly; }
  get mutating(): number { return this.#running.mutating; }

  /** What to call when the request is over, or undefined when there is no room for it. */
  enter({ info, user, peer }: AdmittedRequest): (() => void) | undefined {
    if (peer.address === 'in-process') return nothing;
    const exempt = user.groups.includes('system:masters');
    if (info.verb === 'watch') return this.#enterWatch(user.name, exempt);
    if (isLongRunning(info)) return nothing;
    const kind = readVerbs.has(info.verb) ? 'readOnly' : 'mutating';
    if (this.#running[kind] >= (kind === 'readOnly' ? this.#limits.reads : this.#limits.writes) && !exempt) return undefined;
    this.#running[kind]++;
    return () => { this.#running[kind]--; };
  }

  #enterWatch(user: string, exempt: boolean): (() => void) | undefined {
    const count = this.#watches.get(user) ?? 0;
    if (count >= this.#limits.watchesPerUser && !exempt) return undefined;
    this.#watches.set(user, count + 1);
    return () => {
      const left = this.#watches.get(user)! - 1;
      if (left > 0) this.#watches.set(user, left);
      else this.#watches.delete(user);
    };
  }
}

export const tooManyRequests = (): Answer => errorPage(429, 'Too many requests, please try again later.', { 'retry-after': '1' });
