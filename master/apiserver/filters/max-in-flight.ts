// Protects the server from more than it can carry: so many reads and writes at once, so many watches of one user. What is
// over is told to come again; administrators, probes and the master's own parts always get an answer. What says that a node lives,
// or who leads, has seats of its own: load by others must not make a healthy node look dead.
// upstream: apiserver server/filters/maxinflight.go, apis/flowcontrol/bootstrap/default.go (who is on which level, and the shares of seats)
import type { User } from '../../registry/request-context.ts';
import type { RequestInfo } from '../request-info.ts';
import { errorPage, type AdmittedRequest, type Answer } from '../request.ts';
import { mastersGroup } from './authorization.ts';
import { isLongRunning } from './request-deadline.ts';

export interface InFlightLimits {
  readonly reads: number;
  readonly writes: number;
  /** Of nodes' own objects and Leases by nodes. */
  readonly nodeHigh: number;
  /** Of Leases by the control plane. */
  readonly leaderElection: number;
  readonly watchesPerUser: number;
}
/** Upstream gives 40 and 10 of 245 shares of 600 seats. */
export const defaultLimits: InFlightLimits = { reads: 400, writes: 200, nodeHigh: 98, leaderElection: 25, watchesPerUser: 1000 };
export type SeatLevel = Exclude<keyof InFlightLimits, 'watchesPerUser'>;

const readVerbs = new Set(['get', 'list', 'watch']);
const probes = /^\/(healthz|livez|readyz)(\/|$)/;
const controlPlane = new Set(['system:kube-controller-manager', 'system:kube-scheduler']);
const electing = new Set(['get', 'create', 'update']);
const nothing = (): void => undefined;

/** Where a request sits; undefined for those that need no seat. */
export function levelOf({ groups, name }: User, { isResource, path, verb, group, resource, subresource, namespace }: RequestInfo): SeatLevel | undefined {
  if (groups.includes(mastersGroup) || (!isResource && probes.test(path))) return undefined;
  const isLease = group === 'coordination.k8s.io' && resource === 'leases';
  if (isLease && electing.has(verb) && (groups.includes('system:serviceaccounts:kube-system') || (namespace === 'kube-system' && controlPlane.has(name)))) return 'leaderElection';
  const isNode = group === '' && resource === 'nodes' && (subresource === '' || subresource === 'status');
  if ((isLease || isNode) && groups.includes('system:nodes')) return 'nodeHigh';
  return readVerbs.has(verb) ? 'reads' : 'writes';
}

export class MaxInFlight {
  readonly #limits: InFlightLimits;
  readonly #seats: Record<SeatLevel, number> = { reads: 0, writes: 0, nodeHigh: 0, leaderElection: 0 };
  readonly #running = { readOnly: 0, mutating: 0 };
  readonly #watches = new Map<string, number>();

  constructor(limits: InFlightLimits) { this.#limits = limits; }

  get readOnly(): number { return this.#running.readOnly; }
  get mutating(): number { return this.#running.mutating; }

  /** What to call when the request is over, or undefined when there is no room for it. */
  enter({ info, user, peer }: Pick<AdmittedRequest, 'info' | 'user' | 'peer'>): (() => void) | undefined {
    if (peer.address === 'in-process') return nothing;
    if (info.verb === 'watch') return this.#enterWatch(user);
    if (isLongRunning(info)) return nothing;
    const level = levelOf(user, info);
    if (level && this.#seats[level] >= this.#limits[level]) return undefined;
    const kind = readVerbs.has(info.verb) ? 'readOnly' : 'mutating';
    this.#running[kind]++;
    if (level) this.#seats[level]++;
    return () => {
      this.#running[kind]--;
      if (level) this.#seats[level]--;
    };
  }

  #enterWatch({ name, groups }: User): (() => void) | undefined {
    const count = this.#watches.get(name) ?? 0;
    if (count >= this.#limits.watchesPerUser && !groups.includes(mastersGroup)) return undefined;
    this.#watches.set(name, count + 1);
    return () => {
      const left = this.#watches.get(name)! - 1;
      if (left > 0) this.#watches.set(name, left);
      else this.#watches.delete(name);
    };
  }
}

export const tooManyRequests = (): Answer => errorPage(429, 'Too many requests, please try again later.', { 'retry-after': '1' });
