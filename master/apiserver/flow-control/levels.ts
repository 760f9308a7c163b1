// How many requests of each priority level are served at a time. (upstream: apiserver pkg/util/flowcontrol/apf_controller.go)
import type { PriorityLevelConfiguration } from '../../../src/api/flowcontrol/priority-level-configuration.ts';

export type LevelObject = { readonly metadata: { readonly name: string; readonly uid?: string }; readonly spec: PriorityLevelConfiguration['spec'] };

/** Counts are requests. */
export interface Level {
  readonly name: string;
  readonly uid: string;
  /** Served at once, always. */
  readonly exempt: boolean;
  readonly shares: number;
  /** Its own seats, those of them that others never get, and the most it may have when others lend theirs. */
  readonly nominal: number;
  readonly reserved: number;
  readonly most: number;
  /** How many may wait, of one flow and of all; none where requests are refused instead. */
  readonly waiting: { readonly ofFlow: number; readonly ofAll: number };
}

/** The seats of the server, dealt by shares. */
export function planLevels(objects: Iterable<LevelObject>, seats: number): Level[] {
  const list = [...objects];
  const sharesOf = ({ spec }: LevelObject): number => (spec.type === 'Exempt' ? spec.exempt?.nominalConcurrencyShares : spec.limited?.nominalConcurrencyShares) ?? 0;
  const all = list.reduce((sum, object) => sum + sharesOf(object), 0);
  return list.map((object) => {
    const { metadata: { name, uid = '' }, spec } = object;
    const shares = sharesOf(object);
    const nominal = all ? Math.ceil((seats * shares) / all) : 0;
    const { lendablePercent = 0, borrowingLimitPercent, limitResponse } = spec.limited ?? {};
    const { queues = 0, handSize = 0, queueLengthLimit = 0 } = (limitResponse?.type === 'Queue' ? limitResponse.queuing : undefined) ?? {};
    return {
      name, uid, exempt: spec.type === 'Exempt', shares, nominal,
      reserved: nominal - Math.round((nominal * lendablePercent) / 100),
      most: borrowingLimitPercent === undefined || borrowingLimitPercent === null ? seats : nominal + Math.round((nominal * borrowingLimitPercent) / 100),
      waiting: { ofFlow: handSize * queueLengthLimit, ofAll: queues * queueLengthLimit },
    };
  });
}
