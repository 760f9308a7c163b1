// Names and conditions of CustomResourceDefinitions.
import type { CustomResourceDefinition } from '../../../../src/api/apiextensions/custom-resource-definition.ts';
import { nextStatus } from '../../../../master/controllers/customresourcedefinition/plan.ts';

const now = '2030-01-01T00:00:00Z';
type Names = CustomResourceDefinition['spec']['names'];
const names = (plural: string, kind: string, shortNames?: string[]): Names => ({ plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...(shortNames ? { shortNames } : {}) });
const crd = (wanted: Names, status: object = {}, metadata: object = {}): CustomResourceDefinition => ({ metadata: { name: `${wanted.plural}.g`, ...metadata }, spec: { group: 'g', names: wanted }, status: { storedVersions: ['v1'], ...status } }) as unknown as CustomResourceDefinition;
const conditions = (status: ReturnType<typeof nextStatus>): string[] => (status?.conditions ?? []).map(({ type, status: value, reason, message }) => `${type}=${value} ${reason}: ${message}`);

it('fresh names are accepted, then the definition is established, then nothing is to be done', () => {
  const fresh = crd(names('as', 'A', ['x']));
  const accepted = nextStatus(fresh, [fresh], now)!;
  expect(accepted.acceptedNames).toEqual(fresh.spec.names);
  expect(conditions(accepted)).toEqual(['NamesAccepted=True NoConflicts: no conflicts found', 'Established=False Installing: the initial names have been accepted']);
  const named = crd(fresh.spec.names, accepted);
  const established = nextStatus(named, [named], now)!;
  expect(conditions(established)[1]).toBe('Established=True InitialNamesAccepted: the initial names have been accepted');
  const done = crd(fresh.spec.names, established);
  expect(nextStatus(done, [done], now)).toBeUndefined();
});

it.each<[wanted: Names, condition: string, accepted: object]>([
  [names('as', 'B'), 'PluralConflict: "as" is already in use', { plural: '', singular: 'b', kind: 'B', listKind: 'BList' }],
  [{ ...names('bs', 'B'), singular: 'a' }, 'SingularConflict: "a" is already in use', { plural: 'bs', kind: 'B', listKind: 'BList' }],
  [names('bs', 'B', ['x', 'y']), 'ShortNamesConflict: "x" is already in use', { plural: 'bs', singular: 'b', kind: 'B', listKind: 'BList' }],
  [{ ...names('bs', 'A'), singular: 'b', listKind: 'BList' }, 'KindConflict: "A" is already in use', { plural: 'bs', singular: 'b', kind: '', listKind: 'BList' }],
  [{ ...names('bs', 'B'), listKind: 'A' }, 'ListKindConflict: "A" is already in use', { plural: 'bs', singular: 'b', kind: 'B' }],
])('%j beside one that has its names', (wanted, condition, accepted) => {
  const first = crd(names('as', 'A', ['x']), { acceptedNames: names('as', 'A', ['x']) });
  const second = crd(wanted);
  const status = nextStatus(second, [first, second], now)!;
  expect(conditions(status)).toEqual([`NamesAccepted=False ${condition}`, 'Established=False NotAccepted: not all names are accepted']);
  expect(status.acceptedNames).toEqual(accepted);
  const told = crd(wanted, status);
  expect(nextStatus(told, [first, told], now)).toBeUndefined();
  expect(conditions(nextStatus(told, [told], now))[0]).toBe('NamesAccepted=True NoConflicts: no conflicts found');
});

it('an established definition stays so when a new name is refused', () => {
  const first = crd(names('as', 'A', ['x']), { acceptedNames: names('as', 'A', ['x']) });
  const second = crd(names('bs', 'B', ['x']), { acceptedNames: names('bs', 'B'), conditions: [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'm', lastTransitionTime: now }] });
  expect(conditions(nextStatus(second, [first, second], now))).toEqual(['Established=True InitialNamesAccepted: m', 'NamesAccepted=False ShortNamesConflict: "x" is already in use']);
});

it('a definition that is being deleted is not established any more', () => {
  const ending = crd(names('as', 'A'), { acceptedNames: names('as', 'A'), conditions: [{ type: 'NamesAccepted', status: 'True', lastTransitionTime: now }] }, { deletionTimestamp: now });
  expect(nextStatus(ending, [ending], now)).toBeUndefined();
});
