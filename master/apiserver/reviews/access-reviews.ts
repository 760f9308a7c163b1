// Who may do what, asked of the authorizers: SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectAccessReview and SelfSubjectRulesReview.
// upstream: pkg/registry/authorization, pkg/registry/authorization/util/helpers.go
import { aggregate } from '../../../src/apimachinery/aggregate.ts';
import type { NonResourceAttributes, ResourceAttributes, SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec } from '../../../src/api/authorization/attributes.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import { decide, type Authorizer, type NonResourceRule, type ResourceRule } from '../filters/authorization.ts';
import type { RequestInfo } from '../request-info.ts';
import { answerReview, readReview, refuseReview, type ComputedHandler } from './review.ts';

function selectorOf(selector: ResourceAttributes['fieldSelector']): string {
  if (!selector) return '';
  if (selector.rawSelector) return selector.rawSelector;
  const signs: Readonly<Record<string, string>> = { In: '=', NotIn: '!=' };
  // What has no text form narrows nothing for an authorizer that reads the text.
  return (selector.requirements ?? []).flatMap(({ key, operator, values = [] }) => (signs[operator] && values.length === 1 ? [`${key}${signs[operator]}${values[0]}`] : [])).join(',');
}

function resourceRequest({ verb = '', group = '', version = '', namespace = '', resource = '', subresource = '', name = '', fieldSelector }: ResourceAttributes): RequestInfo {
  return { isResource: true, path: '', verb, group, version, namespace, resource, subresource, name, rest: [], ...(fieldSelector ? { fieldSelector: selectorOf(fieldSelector) } : {}) };
}
const pathRequest = ({ path = '', verb = '' }: NonResourceAttributes): RequestInfo => ({ isResource: false, path, verb, group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: [] });

const requestOf = ({ resourceAttributes, nonResourceAttributes }: SelfSubjectAccessReviewSpec): RequestInfo => (resourceAttributes ? resourceRequest(resourceAttributes) : pathRequest(nonResourceAttributes!));
const userOf = ({ user = '', uid, groups = [], extra }: SubjectAccessReviewSpec): User => ({ name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) });

function statusOf(user: User, info: RequestInfo, authorizers: readonly Authorizer[]): { allowed: boolean; reason?: string } {
  const { allowed, reason } = decide(user, info, authorizers);
  const text = reason();
  return { allowed, ...(text ? { reason: text } : {}) };
}

/** The handlers by `group/plural`. */
export function accessReviews(authorizers: readonly Authorizer[]): Readonly<Record<string, ComputedHandler>> {
  const about = (userFor: (request: Parameters<ComputedHandler>[0], spec: SubjectAccessReviewSpec) => User): ComputedHandler => async (request, context) => {
    const review = await readReview(request, context);
    refuseReview(review, context);
    const spec = review['spec'] as SubjectAccessReviewSpec;
    return answerReview(review, statusOf(userFor(request, spec), requestOf(spec), authorizers));
  };
  return {
    'authorization.k8s.io/subjectaccessreviews': about((_, spec) => userOf(spec)),
    'authorization.k8s.io/localsubjectaccessreviews': about((_, spec) => userOf(spec)),
    'authorization.k8s.io/selfsubjectaccessreviews': about((request) => request.user),
    'authorization.k8s.io/selfsubjectrulesreviews': async (request, context) => {
      const review = await readReview(request, context);
      const { namespace } = review['spec'] as { namespace?: string };
      if (!namespace) throw errors.badRequest('no namespace on request');
      return answerReview({ ...review, metadata: {} as never, spec: {} }, rulesOf(request.user, namespace, authorizers));
    },
  };
}

function rulesOf(user: User, namespace: string, authorizers: readonly Authorizer[]): unknown {
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  const problems: string[] = [];
  let incomplete = false;
  for (const authorizer of authorizers) {
    const rules = authorizer.rulesFor?.(user, namespace);
    if (!rules) continue;
    resourceRules.push(...rules.resourceRules);
    nonResourceRules.push(...rules.nonResourceRules);
    incomplete ||= rules.incomplete ?? false;
    if (rules.error) problems.push(rules.error);
  }
  return { resourceRules, nonResourceRules, incomplete, ...(problems.length ? { evaluationError: aggregate(problems) } : {}) };
}
