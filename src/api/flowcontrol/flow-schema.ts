// FlowSchema: which requests go to which priority level. (upstream: pkg/apis/flowcontrol/validation/validation.go, ValidateFlowSchema)
import { findCondition } from '../../apimachinery/conditions.ts';
import { child, forbidden, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, int32, object, required, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';
import { fixedSpec, mandatorySchemaSpecs } from './mandatory.ts';

const flowcontrol = 'io.k8s.api.flowcontrol.v1';
const highestPrecedence = 10000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const nonResourceVerbs = ['connect', 'delete', 'get', 'head', 'options', 'patch', 'post', 'put', 'trace'];

export const userSubject = object('UserSubject', { name: string(1, { required: true, unchecked: true, doc: 'Name of the user; * is everyone.' }) }, { package: flowcontrol, doc: 'A user.' });
export const groupSubject = object('GroupSubject', { name: string(1, { required: true, unchecked: true, doc: 'Name of the group; * is every one.' }) }, { package: flowcontrol, doc: 'A group.' });
export const serviceAccountSubject = object('ServiceAccountSubject', {
  namespace: string(1, { required: true, unchecked: true, doc: 'Namespace of the ServiceAccount.' }),
  name: string(2, { required: true, unchecked: true, doc: 'Name of the ServiceAccount; * is every one of the namespace.' }),
}, { package: flowcontrol, doc: 'A ServiceAccount.' });

const parts = [['User', 'user'], ['Group', 'group'], ['ServiceAccount', 'serviceAccount']] as const;
export const flowSubject = object('Subject', {
  kind: string(1, { required: true, unchecked: true, doc: 'User, Group or ServiceAccount; the field of that name tells more.' }),
  user: field(2, userSubject, { doc: 'A user.' }),
  group: field(3, groupSubject, { doc: 'A group.' }),
  serviceAccount: field(4, serviceAccountSubject, { doc: 'A ServiceAccount.' }),
}, {
  package: flowcontrol, doc: 'Who makes a request.',
  validate: (value, path) => {
    const { kind, user, group, serviceAccount } = value;
    if (!parts.some(([known]) => known === kind)) return [notSupported(child(path, 'kind'), kind, ['Group', 'ServiceAccount', 'User'])];
    const faults: Fault[] = [];
    for (const [known, name] of parts) {
      const at = child(path, name);
      if (known === kind && !value[name]) faults.push(requiredFault(at, `${name} is required when subject kind is '${known}'`));
      if (known !== kind && value[name]) faults.push(forbidden(at, `${name} is forbidden when subject kind is not '${known}'`));
    }
    if (kind === 'User' && user && !user.name) faults.push(requiredFault(child(path, 'user.name')));
    if (kind === 'Group' && group && !group.name) faults.push(requiredFault(child(path, 'group.name')));
    if (kind === 'ServiceAccount' && serviceAccount) {
      const at = child(path, 'serviceAccount');
      faults.push(...(serviceAccount.name ? serviceAccount.name === '*' ? [] : messages(child(at, 'name'), serviceAccount.name, isDNS1123Subdomain(serviceAccount.name)) : [requiredFault(child(at, 'name'))]));
      faults.push(...(serviceAccount.namespace ? messages(child(at, 'namespace'), serviceAccount.namespace, isDNS1123Label(serviceAccount.namespace)) : [requiredFault(child(at, 'namespace'), 'must specify namespace for service account')]));
    }
    return faults;
  },
});

function verbFaults(given: readonly string[] | null, known: readonly string[], path: string): Fault[] {
  const list = given ?? [];
  if (list.length === 0) return [requiredFault(path, 'verbs must contain at least one value')];
  if (list.includes('*')) return list.length > 1 ? [invalid(path, list, "if '*' is present, must not specify other verbs")] : [];
  return list.some((verb) => !known.includes(verb)) ? [notSupported(path, list, known)] : [];
}
const starFaults = (given: readonly string[] | null, missing: string, others: string, path: string): Fault[] => {
  if (!given?.length) return [requiredFault(path, missing)];
  return given.length > 1 && given.includes('*') ? [invalid(path, given, `if '*' is present, must not specify other ${others}`)] : [];
};

export const resourcePolicyRule = object('ResourcePolicyRule', {
  verbs: array(1, types.string, { required: true, unchecked: true, listType: 'set', doc: 'Verbs; * is all.' }),
  apiGroups: array(2, types.string, { required: true, unchecked: true, listType: 'set', doc: 'API groups; * is all.' }),
  resources: array(3, types.string, { required: true, unchecked: true, listType: 'set', doc: 'Resources, for example services or nodes/status; * is all.' }),
  clusterScope: boolean(4, { doc: 'True for requests that name no namespace too.' }),
  namespaces: array(5, types.string, { written: true, listType: 'set', doc: 'Namespaces; * is all.' }),
}, {
  package: flowcontrol, doc: 'Requests for resources.',
  validate: (rule, path) => {
    const at = child(path, 'namespaces');
    const namespaces = rule.namespaces ?? [];
    return [
      ...verbFaults(rule.verbs, verbs, child(path, 'verbs')),
      ...starFaults(rule.apiGroups, 'resource rules must supply at least one api group', 'api groups', child(path, 'apiGroups')),
      ...starFaults(rule.resources, 'resource rules must supply at least one resource', 'resources', child(path, 'resources')),
      ...(namespaces.length === 0 ? (rule.clusterScope ? [] : [requiredFault(at, 'resource rules that are not cluster scoped must supply at least one namespace')])
        : namespaces.includes('*') ? (namespaces.length > 1 ? [invalid(at, namespaces, "if '*' is present, must not specify other namespaces")] : [])
          : namespaces.flatMap((namespace, i) => messages(index(at, i), namespace, isDNS1123Label(namespace)))),
    ];
  },
});

export const nonResourcePolicyRule = object('NonResourcePolicyRule', {
  verbs: array(1, types.string, { required: true, unchecked: true, listType: 'set', doc: 'Verbs; * is all.' }),
  nonResourceURLs: array(6, types.string, { required: true, unchecked: true, listType: 'set', doc: 'Paths, for example /healthz or /metrics/*; * is all.' }),
}, {
  package: flowcontrol, doc: 'Requests for other paths.',
  validate: (rule, path) => {
    const at = child(path, 'nonResourceURLs');
    const urls = rule.nonResourceURLs ?? [];
    return [
      ...verbFaults(rule.verbs, nonResourceVerbs, child(path, 'verbs')),
      ...starFaults(urls, 'nonResourceURLs must contain at least one value', 'non-resource URLs', at),
      ...urls.flatMap((url, i) => {
        if (url === '*') return [];
        if (!url.startsWith('/')) return [invalid(index(at, i), url, 'must start with slash')];
        if (url.includes(' ')) return [invalid(index(at, i), url, 'must not contain white-space')];
        if (url.slice(1).includes('//')) return [invalid(index(at, i), url, 'must not contain double slash')];
        return url.slice(0, -1).includes('*') ? [invalid(index(at, i), url, "wildcard can only do suffix matching")] : [];
      }),
    ];
  },
});

export const policyRulesWithSubjects = object('PolicyRulesWithSubjects', {
  subjects: array(1, flowSubject, { required: true, unchecked: true, listType: 'atomic', doc: 'Who makes the requests.' }),
  resourceRules: array(2, resourcePolicyRule, { listType: 'atomic', doc: 'Requests for resources.' }),
  nonResourceRules: array(3, nonResourcePolicyRule, { listType: 'atomic', doc: 'Requests for other paths.' }),
}, {
  package: flowcontrol, doc: 'Requests of somebody.',
  validate: ({ subjects, resourceRules, nonResourceRules }, path) => [
    ...(subjects?.length ? [] : [requiredFault(child(path, 'subjects'), 'subjects must contain at least one value')]),
    ...(resourceRules?.length || nonResourceRules?.length ? [] : [requiredFault(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')]),
  ],
});

export const flowDistinguisherMethod = object('FlowDistinguisherMethod', {
  type: string(1, { required: true, unchecked: true, doc: 'ByUser or ByNamespace.' }),
}, { package: flowcontrol, doc: 'How requests are told apart.', validate: ({ type }, path) => (type === 'ByUser' || type === 'ByNamespace' ? [] : [notSupported(child(path, 'type'), type, ['ByNamespace', 'ByUser'])]) });

export const priorityLevelConfigurationReference = object('PriorityLevelConfigurationReference', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the priority level.' }),
}, { package: flowcontrol, doc: 'A priority level.' });

export const flowSchemaSpec = object('FlowSchemaSpec', {
  priorityLevelConfiguration: required(1, priorityLevelConfigurationReference, { doc: 'Priority level the requests go to.' }),
  matchingPrecedence: int32(2, { written: true, default: 1000, doc: 'Which schema counts when several match: the lowest number, 1 to 10000.' }),
  distinguisherMethod: field(3, flowDistinguisherMethod, { doc: 'How requests are told apart; they are one flow when absent.' }),
  rules: array(4, policyRulesWithSubjects, { listType: 'atomic', doc: 'Requests that are meant; one match is enough.' }),
}, { package: flowcontrol, doc: 'Which requests go where.' });
type Spec = FieldsValue<typeof flowSchemaSpec.fields>;

export const flowSchemaCondition = object('FlowSchemaCondition', {
  type: string(1, { doc: 'Kind of condition.' }),
  status: string(2, { doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: flowcontrol, doc: 'One observed aspect of a FlowSchema.' });

export const flowSchemaStatus = object('FlowSchemaStatus', {
  conditions: array(1, flowSchemaCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the FlowSchema.' }),
}, { package: flowcontrol, doc: 'The FlowSchema as it is.' });

function specFaults({ matchingPrecedence: precedence, priorityLevelConfiguration: { name } }: Spec, own: string): Fault[] {
  const at = 'spec.matchingPrecedence';
  const namePath = 'spec.priorityLevelConfiguration.name';
  return [
    ...(precedence <= 0 ? [invalid(at, precedence, 'must be a positive value')] : []),
    ...(precedence > highestPrecedence ? [invalid(at, precedence, `must not be greater than ${highestPrecedence}`)] : []),
    ...(precedence === 1 && own !== 'exempt' ? [invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")] : []),
    ...(name ? messages(namePath, name, isDNS1123Subdomain(name)) : [requiredFault(namePath, 'must reference a priority level')]),
  ];
}

export const FlowSchemas = defineResource({
  group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'FlowSchema', plural: 'flowschemas', scope: 'Cluster',
  doc: 'Which requests to the API server go to which priority level.',
  fields: {
    spec: field(2, flowSchemaSpec, { written: true, doc: 'Which requests go where.' }),
    status: field(3, flowSchemaStatus, { written: true, doc: 'The FlowSchema as it is.' }),
  },
  subresources: { status: true },
  statusKeeps: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  generation: true,
  validate: ({ metadata: { name }, spec }) => {
    const fixed = fixedSpec(mandatorySchemaSpecs, name);
    return [...specFaults(spec, name), ...(!fixed || equalJson(spec, fixed) ? [] : [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)])];
  },
  columns: [
    nameColumn,
    { name: 'PriorityLevel', type: 'string', description: 'Priority level the requests go to.', value: ({ spec }) => spec.priorityLevelConfiguration.name },
    { name: 'MatchingPrecedence', type: 'string', description: 'Which schema counts when several match.', value: ({ spec }) => spec.matchingPrecedence },
    { name: 'DistinguisherMethod', type: 'string', description: 'How requests are told apart.', value: ({ spec }) => spec.distinguisherMethod?.type ?? '<none>' },
    ageColumn,
    { name: 'MissingPL', type: 'string', description: 'Whether the priority level is missing.', value: ({ status }) => findCondition(status?.conditions as { type: string; status: string }[] | undefined, 'Dangling')?.status ?? '?' },
  ],
});
export interface FlowSchema extends ObjectOf<typeof FlowSchemas> {}
