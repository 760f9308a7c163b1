// Which webhooks and policies a request is for, and in which version of its resource: pure functions of rules, selectors and names.
// upstream: apiserver pkg/admission/plugin/webhook/generic/webhook.go (ShouldCallHook), predicates/{rules,namespace,object}, plugin/policy/matching
import * as errors from '../../../../src/apimachinery/status-error.ts';
import type { Labels, Selector } from '../../../../src/apimachinery/selectors.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { RequestContext } from '../../request-context.ts';
import type { AdmissionRequest } from '../admission.ts';

export interface Rule { readonly operations?: readonly string[]; readonly apiGroups?: readonly string[]; readonly apiVersions?: readonly string[]; readonly resources?: readonly string[]; readonly scope?: string }
type NamedResource = Pick<ResourceDefinition, 'group' | 'version' | 'plural'>;
type Asked = Pick<AdmissionRequest, 'operation' | 'subresource' | 'namespace' | 'name' | 'object' | 'old' | 'body'> & { readonly resource: NamedResource };

/** A webhook or a policy could lock everybody out of these for good. */
const exemptPlurals: ReadonlySet<string> = new Set(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings']);
const isExempt = ({ group, plural }: NamedResource): boolean => group === 'admissionregistration.k8s.io' && exemptPlurals.has(plural);
/** What decides over requests is judged by nobody's rules; nor are the server's own steps within a request, which has been judged whole. */
export const isJudged = ({ resource, context }: { readonly resource: NamedResource; readonly context: Pick<RequestContext, 'withinAdmitted'> }): boolean => !context.withinAdmitted && !isExempt(resource);

const isNamespace = ({ plural }: NamedResource): boolean => plural === 'namespaces';
/** A request for a namespace counts as one in it. */
export const namespaceOf = ({ resource, namespace, name, object }: Asked): string => (isNamespace(resource) ? name || (object?.metadata.name ?? '') : namespace ?? '');

const includes = (list: readonly string[] | undefined, wanted: string): boolean => list?.some((item) => item === '*' || item === wanted) ?? false;

function scopeMatches(scope: string | undefined, request: Asked): boolean {
  if (scope === undefined || scope === '*') return true;
  const clusterWide = (isNamespace(request.resource) && request.resource.group === '') || namespaceOf(request) === '';
  return clusterWide === (scope === 'Cluster');
}
function resourceMatches(resources: readonly string[] | undefined, plural: string, subresource: string): boolean {
  return resources?.some((text) => {
    const [name = '', sub = ''] = text.split('/', 2);
    return (name === '*' || name === plural) && (sub === '*' || sub === subresource);
  }) ?? false;
}
/** Whether a rule means the request, as one for `resource`. */
export function ruleMatches(rule: Rule, request: Asked, resource: NamedResource = request.resource): boolean {
  return scopeMatches(rule.scope, request) && includes(rule.operations, request.operation) && includes(rule.apiGroups, resource.group) && includes(rule.apiVersions, resource.version)
    && resourceMatches(rule.resources, resource.plural, request.subresource);
}

/** The resource the request is judged as one for: its own, or another version of it that a rule names; undefined for none. */
export function resourceFor<R extends NamedResource>({ rules = [], matchPolicy }: { readonly rules?: readonly Rule[]; readonly matchPolicy?: string }, request: Asked & { readonly resource: R }, equivalents: () => readonly R[]): R | undefined {
  if (rules.some((rule) => ruleMatches(rule, request))) return request.resource;
  if (matchPolicy !== 'Equivalent') return undefined;
  const others = equivalents().filter((other) => other !== request.resource);
  // Earlier rules come first.
  for (const rule of rules) {
    const found = others.find((other) => ruleMatches(rule, request, other));
    if (found) return found;
  }
  return undefined;
}

const labelled = (selector: Selector, object: ApiObject | undefined): boolean => object?.metadata !== undefined && selector.matches(object.metadata.labels);
/** One of the two objects is enough; what has no metadata has no labels either, and matches only who asks for none. */
export function objectMatches({ objectSelector }: { readonly objectSelector: Selector }, { object, old }: Asked): boolean {
  return objectSelector.empty || labelled(objectSelector, object) || labelled(objectSelector, old);
}

/** Whether the request's namespace has the labels; the error that says why nobody knows. What is in no namespace matches always. */
export function namespaceMatches({ namespaceSelector }: { readonly namespaceSelector: Selector }, request: Asked, labelsOf: (namespace: string) => Labels | null | undefined): boolean | errors.StatusError {
  const namespace = namespaceOf(request);
  if (namespaceSelector.empty || (namespace === '' && !isNamespace(request.resource))) return true;
  // Of a namespace that is being written the labels are those it is to have.
  const own = isNamespace(request.resource) && request.subresource === '' && (request.operation === 'CREATE' || request.operation === 'UPDATE');
  const labels = own ? request.object!.metadata.labels ?? {} : labelsOf(namespace);
  return labels === null ? errors.notFound({ group: '', resource: 'namespaces' }, namespace) : namespaceSelector.matches(labels);
}
