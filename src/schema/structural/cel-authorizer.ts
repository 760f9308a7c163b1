// What somebody may do, as expressions ask it: `authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()`.
// upstream: apiserver pkg/cel/library/authz.go
import type { Environment } from '@marcbachmann/cel-js';
import type { Requester } from '../resource.ts';
import { spend } from './cel-cost.ts';

/** What is asked: `path` for what is no resource. */
export interface AccessQuestion { readonly verb: string; readonly path?: string; readonly group?: string; readonly resource?: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string }
export interface AccessAnswer { readonly allowed: boolean; readonly reason: string }
export type DecideAccess = (user: Requester, question: AccessQuestion) => AccessAnswer;

/** Of one question, since it may be asked elsewhere upstream. */
const checkCost = 350_000;

class Check {
  readonly user: Requester;
  readonly decide: DecideAccess;
  readonly question: Omit<AccessQuestion, 'verb'>;
  constructor({ user, decide }: { readonly user: Requester; readonly decide: DecideAccess }, question: Omit<AccessQuestion, 'verb'>) {
    this.user = user;
    this.decide = decide;
    this.question = question;
  }
}
class PathCheck extends Check {}
class GroupCheck extends Check {}
class ResourceCheck extends Check {}
class Decision {
  readonly answer: AccessAnswer;
  constructor(answer: AccessAnswer) { this.answer = answer; }
}

/** The variable `authorizer` of an expression about a request. */
export class Authorizer {
  readonly user: Requester;
  readonly decide: DecideAccess;
  /** The check of what the request itself is about. */
  readonly requestResource: ResourceCheck;
  constructor(user: Requester, decide: DecideAccess, requested: Omit<AccessQuestion, 'verb'>) {
    this.user = user;
    this.decide = decide;
    this.requestResource = new ResourceCheck(this, requested);
  }
}

function decisionOf(check: Check, verb: string): Decision {
  spend(checkCost);
  return new Decision(check.decide(check.user, { ...check.question, verb }));
}
const narrowed = (check: ResourceCheck, more: Omit<AccessQuestion, 'verb'>): ResourceCheck => new ResourceCheck(check, { ...check.question, ...more });

export function addAuthorizer(environment: Environment): Environment {
  return environment
    .registerType('kubernetes.authorization.PathCheck', PathCheck).registerType('kubernetes.authorization.GroupCheck', GroupCheck)
    .registerType('kubernetes.authorization.ResourceCheck', ResourceCheck).registerType('kubernetes.authorization.Decision', Decision)
    .registerType('kubernetes.authorization.Authorizer', { ctor: Authorizer, fields: { requestResource: 'kubernetes.authorization.ResourceCheck' } })
    .registerVariable('authorizer', 'kubernetes.authorization.Authorizer')
    .registerFunction('kubernetes.authorization.Authorizer.path(string): kubernetes.authorization.PathCheck', (of: Authorizer, path: string) => new PathCheck(of, { path }))
    .registerFunction('kubernetes.authorization.Authorizer.group(string): kubernetes.authorization.GroupCheck', (of: Authorizer, group: string) => new GroupCheck(of, { group }))
    .registerFunction('kubernetes.authorization.Authorizer.serviceAccount(string, string): kubernetes.authorization.Authorizer', (of: Authorizer, namespace: string, name: string) =>
      new Authorizer({ name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] }, of.decide, of.requestResource.question))
    .registerFunction('kubernetes.authorization.GroupCheck.resource(string): kubernetes.authorization.ResourceCheck', (check: GroupCheck, resource: string) => new ResourceCheck(check, { ...check.question, resource }))
    .registerFunction('kubernetes.authorization.ResourceCheck.subresource(string): kubernetes.authorization.ResourceCheck', (check: ResourceCheck, subresource: string) => narrowed(check, { subresource }))
    .registerFunction('kubernetes.authorization.ResourceCheck.namespace(string): kubernetes.authorization.ResourceCheck', (check: ResourceCheck, namespace: string) => narrowed(check, { namespace }))
    .registerFunction('kubernetes.authorization.ResourceCheck.name(string): kubernetes.authorization.ResourceCheck', (check: ResourceCheck, name: string) => narrowed(check, { name }))
    .registerFunction('kubernetes.authorization.PathCheck.check(string): kubernetes.authorization.Decision', decisionOf)
    .registerFunction('kubernetes.authorization.ResourceCheck.check(string): kubernetes.authorization.Decision', decisionOf)
    .registerFunction('kubernetes.authorization.Decision.allowed(): bool', ({ answer }: Decision) => answer.allowed)
    .registerFunction('kubernetes.authorization.Decision.reason(): string', ({ answer }: Decision) => answer.reason)
    .registerFunction('kubernetes.authorization.Decision.errored(): bool', () => false)
    .registerFunction('kubernetes.authorization.Decision.error(): string', () => '');
}
