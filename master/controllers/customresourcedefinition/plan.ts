// Which names a CustomResourceDefinition gets in its group, and what its conditions say of it.
// upstream: apiextensions-apiserver pkg/controller/status/naming_controller.go, pkg/controller/establish/establishing_controller.go
import { aggregate } from '../../../src/apimachinery/aggregate.ts';
import { findCondition, isConditionTrue, setCondition } from '../../../src/apimachinery/conditions.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { equalJson } from '../../../src/util/json.ts';

type Names = NonNullable<CustomResourceDefinitionStatus['acceptedNames']>;
type Condition = NonNullable<CustomResourceDefinitionStatus['conditions']>[number];
type Verdict = Omit<Condition, 'lastTransitionTime'>;

const installed: Verdict = { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
const installing: Verdict = { ...installed, status: 'False', reason: 'Installing' };
const notAccepted: Verdict = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };

/** The status a definition has to get next; undefined when it is as it should be. `group`: all definitions of its group, itself included. */
export function nextStatus(crd: CustomResourceDefinition, group: readonly CustomResourceDefinition[], now: string): CustomResourceDefinitionStatus | undefined {
  const status = crd.status ?? {};
  const { conditions } = status;
  if (!sameNames(crd.spec.names, status.acceptedNames)) {
    const { names, accepted } = acceptNames(crd, group);
    const established = findCondition(conditions, 'Established');
    if (!sameNames(names, status.acceptedNames) || !sameVerdict(accepted, findCondition(conditions, 'NamesAccepted'))) {
      const next: Verdict = established?.status === 'True' ? established : accepted.status === 'True' ? installing : (established ?? notAccepted);
      return { ...status, acceptedNames: names, conditions: setCondition<Condition>(setCondition<Condition>(conditions, accepted, now), withoutTime(next), now) };
    }
  }
  if (isConditionTrue(conditions, 'NamesAccepted') && !isConditionTrue(conditions, 'Established') && !crd.metadata.deletionTimestamp) {
    return { ...status, conditions: setCondition<Condition>(conditions, installed, now) };
  }
  return undefined;
}

const withoutTime = (condition: Verdict & { lastTransitionTime?: unknown }): Verdict => { const { lastTransitionTime: _time, ...rest } = condition; return rest; };
const sameVerdict = (a: Verdict, b: Condition | undefined): boolean => a.status === b?.status && a.reason === b.reason && a.message === b.message;

/** An empty list is no list. */
function sameNames(a: Names, b: Names | undefined | null): boolean {
  const bare = (names: Names | undefined | null): object => Object.fromEntries(Object.entries(names ?? {}).filter(([, value]) => value !== '' && value !== null && (!Array.isArray(value) || value.length > 0)));
  return equalJson(bare(a), bare(b));
}

/** Each name a definition asks for is its own already, or nobody's in the group; what is refused stays as it was. */
function acceptNames({ spec, status }: CustomResourceDefinition, group: readonly CustomResourceDefinition[]): { names: Names; accepted: Verdict } {
  const taken = group.map((crd) => crd.status?.acceptedNames).filter((names) => names !== undefined && names !== null);
  const resources = new Set(taken.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...(shortNames ?? [])]));
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]));
  const own: Names = status?.acceptedNames ?? { plural: '', kind: '' };
  const names: Names = { ...own };
  const { names: wanted } = spec;
  let accepted: Verdict = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
  const refuse = (what: string, conflicts: readonly string[]): void => {
    const texts = conflicts.map((name) => `${JSON.stringify(name)} is already in use`);
    accepted = { type: 'NamesAccepted', status: 'False', reason: `${what}Conflict`, message: aggregate(texts) };
  };
  for (const [what, name, used] of [['Plural', 'plural', resources], ['Singular', 'singular', resources], ['ShortNames', 'shortNames', resources], ['Kind', 'kind', kinds], ['ListKind', 'listKind', kinds]] as const) {
    if (name === 'shortNames') {
      const mine = new Set([...(own.shortNames ?? []), own.plural, own.singular]);
      const conflicts = (wanted.shortNames ?? []).filter((short) => !mine.has(short) && used.has(short));
      if (conflicts.length) refuse(what, conflicts);
      else if (wanted.shortNames) names.shortNames = wanted.shortNames;
      else delete names.shortNames;
    } else if (wanted[name] !== own[name] && used.has(wanted[name] ?? '')) refuse(what, [wanted[name] ?? '']);
    else if (wanted[name] !== undefined) names[name] = wanted[name];
  }
  if (wanted.categories) names.categories = wanted.categories;
  else delete names.categories;
  return { names, accepted };
}
