// PriorityLevelConfiguration: how many requests of one importance are served at a time, and how the others wait.
// upstream: pkg/apis/flowcontrol/validation/validation.go (ValidatePriorityLevelConfiguration), pkg/apis/flowcontrol/v1/defaults.go
import { child, forbidden, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, object, string, time, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { rangeFaults } from '../value-faults.ts';
import { exempt, fixedSpec, mandatoryLevelSpecs } from './mandatory.ts';

const flowcontrol = 'io.k8s.api.flowcontrol.v1';
const mostQueues = 10_000_000;
/** Dealing hands must not take more bits than a hash has. */
const mostEntropy = 60;

export const queuingConfiguration = object('QueuingConfiguration', {
  queues: int32(1, { written: true, default: 64, doc: 'Number of queues.' }),
  handSize: int32(2, { written: true, default: 8, doc: 'Queues a flow may use; the shortest is taken.' }),
  queueLengthLimit: int32(3, { written: true, default: 50, doc: 'Most requests that wait in a queue.' }),
}, {
  package: flowcontrol, doc: 'How requests wait.',
  validate: ({ queues, handSize, queueLengthLimit }, path) => {
    const faults = [
      ...(queueLengthLimit <= 0 ? [invalid(child(path, 'queueLengthLimit'), queueLengthLimit, 'must be positive')] : []),
      ...(queues <= 0 ? [invalid(child(path, 'queues'), queues, 'must be positive')] : []),
      ...(queues > mostQueues ? [invalid(child(path, 'queues'), queues, `must not be greater than ${mostQueues}`)] : []),
      ...(handSize <= 0 ? [invalid(child(path, 'handSize'), handSize, 'must be positive')] : []),
      ...(handSize > queues ? [invalid(child(path, 'handSize'), handSize, `should not be greater than queues (${queues})`)] : []),
    ];
    if (faults.length > 0) return faults;
    let hands = 1;
    for (let i = 0; i < handSize && Number.isFinite(hands); i++) hands *= queues - i;
    const bits = Math.ceil(Math.log2(hands));
    return bits > mostEntropy ? [invalid(child(path, 'handSize'), handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${mostEntropy}`)] : [];
  },
});

export const limitResponse = object('LimitResponse', {
  type: string(1, { required: true, unchecked: true, doc: 'What happens to a request that cannot be served now: Queue or Reject.' }),
  queuing: field(2, queuingConfiguration, { doc: 'How requests wait, for type Queue.' }),
}, {
  package: flowcontrol, doc: 'What happens to requests that cannot be served now.',
  validate: ({ type, queuing }, path) => {
    const at = child(path, 'queuing');
    if (type === 'Queue') return queuing ? [] : [required(at, 'must not be empty if limitResponse.type is Limited')];
    if (type === 'Reject') return queuing ? [forbidden(at, 'must be nil if limited.limitResponse.type is not Limited')] : [];
    return [notSupported(child(path, 'type'), type, ['Queue', 'Reject'])];
  },
});

const shareFaults = (shares: number | null | undefined, lendable: number | undefined, path: string): Fault[] => [
  ...((shares ?? 0) < 0 ? [invalid(child(path, 'nominalConcurrencyShares'), shares, 'must be a non-negative integer')] : []),
  ...(lendable === undefined ? [] : rangeFaults(lendable, 0, 100, child(path, 'lendablePercent'))),
];

export const limitedPriorityLevelConfiguration = object('LimitedPriorityLevelConfiguration', {
  nominalConcurrencyShares: int32(1, { pointer: true, written: true, default: 30, doc: 'Share of the requests served at a time, against other levels.' }),
  limitResponse: field(2, limitResponse, { written: true, doc: 'What happens to requests that cannot be served now.' }),
  lendablePercent: int32(3, { pointer: true, default: 0, doc: 'Percentage of the share that others may borrow.' }),
  borrowingLimitPercent: int32(4, { pointer: true, doc: 'Most that may be borrowed, as a percentage of the share; any amount when absent.' }),
}, {
  package: flowcontrol, doc: 'A level with a limit.',
  validate: ({ nominalConcurrencyShares, lendablePercent, borrowingLimitPercent: borrowing }, path) => [
    ...shareFaults(nominalConcurrencyShares, lendablePercent, path),
    ...(borrowing !== undefined && borrowing < 0 ? [invalid(child(path, 'borrowingLimitPercent'), borrowing, 'if specified, must be a non-negative integer')] : []),
  ],
});

export const exemptPriorityLevelConfiguration = object('ExemptPriorityLevelConfiguration', {
  nominalConcurrencyShares: int32(1, { pointer: true, default: 0, doc: 'Share that other levels may borrow from.' }),
  lendablePercent: int32(2, { pointer: true, default: 0, doc: 'Percentage of the share that others may borrow.' }),
}, { package: flowcontrol, doc: 'A level without a limit.', validate: ({ nominalConcurrencyShares, lendablePercent }, path) => shareFaults(nominalConcurrencyShares, lendablePercent, path) });

export const priorityLevelConfigurationSpec = object('PriorityLevelConfigurationSpec', {
  type: string(1, { required: true, unchecked: true, doc: 'Exempt, or Limited.' }),
  limited: field(2, limitedPriorityLevelConfiguration, { doc: 'Limits, for type Limited.' }),
  exempt: field(3, exemptPriorityLevelConfiguration, { doc: 'Details, for type Exempt.' }),
}, {
  package: flowcontrol, doc: 'The level as it is wanted.',
  validate: ({ type, limited, exempt }, path) => {
    if (type === 'Exempt') return limited ? [forbidden(child(path, 'limited'), 'must be nil if the type is not Limited')] : [];
    if (type !== 'Limited') return [notSupported(child(path, 'type'), type, ['Exempt', 'Limited'])];
    return [...(exempt ? [forbidden(child(path, 'exempt'), 'must be nil if the type is Limited')] : []), ...(limited ? [] : [required(child(path, 'limited'), 'must not be empty when type is Limited')])];
  },
});
type Spec = FieldsValue<typeof priorityLevelConfigurationSpec.fields>;

export const priorityLevelConfigurationCondition = object('PriorityLevelConfigurationCondition', {
  type: string(1, { doc: 'Kind of condition.' }),
  status: string(2, { doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: flowcontrol, doc: 'One observed aspect of a level.' });

export const priorityLevelConfigurationStatus = object('PriorityLevelConfigurationStatus', {
  conditions: array(1, priorityLevelConfigurationCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the level.' }),
}, { package: flowcontrol, doc: 'The level as it is.' });

const queuing = ({ limited }: Spec): FieldsValue<typeof queuingConfiguration.fields> | undefined => limited?.limitResponse?.queuing;

/** One level has no limits, and what the others rest on is fixed. */
function levelFaults(name: string, spec: Spec): Fault[] {
  const fixed = fixedSpec(mandatoryLevelSpecs, name);
  // How much may be borrowed of the level without limits is the administrator's.
  const given = name === exempt ? { ...spec, exempt: mandatoryLevelSpecs[exempt].exempt } : spec;
  return [
    ...((name === exempt) === (spec.type === 'Exempt') ? [] : [invalid('spec.type', spec.type, "type must be 'Exempt' if and only if name is 'exempt'")]),
    ...(!fixed || equalJson(given, fixed) ? [] : [invalid('spec', spec, `spec of '${name}'${name === exempt ? " except the 'spec.exempt' field" : ''} must equal the fixed value`)]),
  ];
}

export const PriorityLevelConfigurations = defineResource({
  group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'PriorityLevelConfiguration', plural: 'prioritylevelconfigurations', scope: 'Cluster',
  doc: 'How many requests of one importance are served at a time, and how the others wait.',
  fields: {
    spec: field(2, priorityLevelConfigurationSpec, { written: true, doc: 'The level as it is wanted.' }),
    status: field(3, priorityLevelConfigurationStatus, { written: true, doc: 'The level as it is.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  generation: true,
  validate: ({ metadata: { name }, spec }) => levelFaults(name, spec),
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'Exempt or Limited.', value: ({ spec }) => spec.type },
    { name: 'NominalConcurrencyShares', type: 'string', description: 'Share of the requests served at a time.', value: ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>' },
    { name: 'Queues', type: 'string', description: 'Number of queues.', value: ({ spec }) => queuing(spec)?.queues ?? '<none>' },
    { name: 'HandSize', type: 'string', description: 'Queues a flow may use.', value: ({ spec }) => queuing(spec)?.handSize ?? '<none>' },
    { name: 'QueueLengthLimit', type: 'string', description: 'Most requests that wait in a queue.', value: ({ spec }) => queuing(spec)?.queueLengthLimit ?? '<none>' },
    ageColumn,
  ],
});
export interface PriorityLevelConfiguration extends ObjectOf<typeof PriorityLevelConfigurations> {}
