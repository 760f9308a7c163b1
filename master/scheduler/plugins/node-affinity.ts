// NodeAffinity: node selector and node affinity, required and preferred. (upstream: pkg/scheduler/framework/plugins/nodeaffinity)
import { scaleToMax, type Plugin, type PodCheck } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { NodeAffinity } from '../../../src/api/core/affinity.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { matchTerm, requiredNodes } from '../../../src/api/core/node-selector.ts';

/** The nodes every term names, where all of them name some; undefined when one leaves it open. */
function named(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms?.length) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const fields = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (!fields.length) return undefined;
    for (const name of fields[0]!.values ?? []) if (fields.every(({ values }) => values?.includes(name))) names.add(name);
  }
  return names;
}

export interface NodeAffinityArgs {
  /** Holds for every Pod of the profile, beside the Pod's own. */
  readonly addedAffinity?: NodeAffinity;
}
type Suits = (node: NodeInfo) => boolean;
type Preferred = readonly { readonly weight: number; readonly matches: Suits }[];

const preferredOf = (affinity: NodeAffinity | undefined): Preferred =>
  (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, preference }) => ({ weight, matches: matchTerm(preference) }));

export function nodeAffinityWith({ addedAffinity }: NodeAffinityArgs): Plugin {
  const terms = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map(matchTerm);
  const enforced: Suits | undefined = terms && ((node) => terms.some((matches) => matches(node)));
  const addedPreferred = preferredOf(addedAffinity);
  return {
    name: 'NodeAffinity',
    curedBy: ['Node/add', 'Node/update'],
    weight: 2,
    check: (pod) => {
      const check: PodCheck = {};
      const only = named(pod);
      // Terms that each name nodes and leave none: no matter of nodes any more.
      if (only?.size === 0) return { filter: () => ({ reasons: ['pod affinity terms conflict'], unresolvable: true, everywhere: true }) };
      if (only) check.only = only;
      const suits = requiredNodes(pod);
      if (suits || enforced) {
        check.filter = (node) => {
          if (enforced && !enforced(node)) return { reasons: ["node(s) didn't match scheduler-enforced node affinity"], unresolvable: true };
          return !suits || suits(node) ? undefined : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true };
        };
      }
      const preferred = [...addedPreferred, ...preferredOf(pod.spec.affinity?.nodeAffinity)];
      if (preferred.length) {
        check.score = (node) => preferred.reduce((sum, { weight, matches }) => sum + (matches(node) ? weight : 0), 0);
        check.normalize = (scores) => scaleToMax(scores);
      }
      return check;
    },
  };
}
