// The FlowSchemas and priority levels the others rest on: their specifications are fixed. Data only.
// upstream: pkg/apis/flowcontrol/internalbootstrap, apiserver pkg/apis/flowcontrol/bootstrap/default.go

/** The names both kinds have. */
export const exempt = 'exempt';
export const catchAll = 'catch-all';

export const everything = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const group = (name: string) => ({ kind: 'Group', group: { name } });
export const everybody = [group('system:unauthenticated'), group('system:authenticated')];

export const mandatoryLevelSpecs = {
  [exempt]: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  [catchAll]: { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
};
export const mandatorySchemaSpecs = {
  [exempt]: { priorityLevelConfiguration: { name: exempt }, matchingPrecedence: 1, rules: [{ subjects: [group('system:masters')], ...everything }] },
  [catchAll]: { priorityLevelConfiguration: { name: catchAll }, matchingPrecedence: 10_000, distinguisherMethod: { type: 'ByUser' }, rules: [{ subjects: everybody, ...everything }] },
};
/** The specification an object of this name must have; undefined for every other name. */
export const fixedSpec = (specs: Readonly<Record<string, object>>, name: string): object | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);
