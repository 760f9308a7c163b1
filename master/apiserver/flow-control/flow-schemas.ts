// Which FlowSchema a request falls under, and with that its priority level and flow. Kept by every change as the watch cache takes it in.
// upstream: apiserver pkg/util/flowcontrol/rule.go, apf_controller.go
import type { FlowSchema } from '../../../src/api/flowcontrol/flow-schema.ts';
import type { User } from '../../registry/request-context.ts';
import type { RequestInfo } from '../request-info.ts';

/** What is read of a FlowSchema: stored ones, and those a cluster begins with. */
export type Schema = { readonly metadata: { readonly name: string; readonly uid?: string }; readonly spec: FlowSchema['spec'] };
type PolicyRules = NonNullable<Schema['spec']['rules']>[number];
type Subject = NonNullable<PolicyRules['subjects']>[number];

/** Requests of one flow wait for each other. */
export interface Flow { readonly schema: Schema; readonly level: string; readonly name: string }

const accountPrefix = 'system:serviceaccount:';

function isMeant(subject: Subject, { name, groups }: User): boolean {
  if (subject.kind === 'User') return subject.user?.name === '*' || subject.user?.name === name;
  if (subject.kind === 'Group') return subject.group?.name === '*' || (subject.group !== undefined && groups.includes(subject.group.name));
  if (!subject.serviceAccount || !name.startsWith(accountPrefix)) return false;
  const home = `${accountPrefix}${subject.serviceAccount.namespace}:`;
  return subject.serviceAccount.name === '*' ? name.startsWith(home) : name === home + subject.serviceAccount.name;
}

const has = (list: readonly string[] | null | undefined, value: string): boolean => list?.includes(value) === true || (list?.length === 1 && list[0] === '*');

function covers({ resourceRules, nonResourceRules }: PolicyRules, { isResource, verb, group, resource, subresource, namespace, path }: RequestInfo): boolean {
  if (isResource) {
    const wanted = subresource ? `${resource}/${subresource}` : resource;
    return resourceRules?.some((rule) => has(rule.verbs, verb) && has(rule.resources, wanted) && has(rule.apiGroups, group) && (namespace ? has(rule.namespaces, namespace) : rule.clusterScope === true)) === true;
  }
  // A URL stands for what is below it, too.
  return nonResourceRules?.some((rule) => has(rule.verbs, verb) && rule.nonResourceURLs?.some((url) => url === '*' || url === path || path.startsWith(`${url.replace(/\/?\*?$/, '')}/`))) === true;
}

/** Schemas that may concern one user, as they are asked: the lowest precedence first, then by name. */
type Candidates = readonly { readonly schema: Schema; readonly rules: readonly PolicyRules[] }[];

export class FlowSchemaRules {
  readonly #schemas: readonly Schema[];
  /** A connection's user is one object as long as it lasts. */
  readonly #candidates = new WeakMap<User, Candidates>();

  constructor(schemas: Iterable<Schema>) {
    this.#schemas = [...schemas].sort((a, b) => a.spec.matchingPrecedence - b.spec.matchingPrecedence || (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Undefined when no schema matches: then the last resort is meant. */
  flowOf(user: User, info: RequestInfo): Flow | undefined {
    let candidates = this.#candidates.get(user);
    if (!candidates) this.#candidates.set(user, (candidates = this.#candidatesOf(user)));
    for (const { schema, rules } of candidates) {
      if (!rules.some((rule) => covers(rule, info))) continue;
      const by = schema.spec.distinguisherMethod?.type;
      return { schema, level: schema.spec.priorityLevelConfiguration.name, name: by === 'ByUser' ? user.name : by === 'ByNamespace' ? info.namespace : '' };
    }
    return undefined;
  }

  #candidatesOf(user: User): Candidates {
    return this.#schemas.map((schema) => ({ schema, rules: (schema.spec.rules ?? []).filter(({ subjects }) => subjects?.some((subject) => isMeant(subject, user))) })).filter(({ rules }) => rules.length > 0);
  }
}
