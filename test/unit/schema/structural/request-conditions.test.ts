// matchConditions: expressions about a request, what they know, may ask and cost.
import { Authorizer, type DecideAccess } from '../../../../src/schema/structural/cel-authorizer.ts';
import { conditionFault, judgeConditions } from '../../../../src/schema/structural/request-conditions.ts';

describe('conditions on requests', () => {
  const asked: object[] = [];
  const decide: DecideAccess = ({ name: user }, question) => {
    asked.push({ user, ...question });
    return { allowed: user === 'me', reason: user === 'me' ? 'known' : '' };
  };
  const authorizer = new Authorizer({ name: 'me', groups: [] }, decide, { group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '' });
  const variables = { object: { metadata: { labels: { a: 'b' } }, spec: { replicas: 3, share: 0.5 } }, oldObject: undefined, request: { operation: 'CREATE', dryRun: false }, authorizer };
  const judged = (...expressions: string[]): unknown => judgeConditions(expressions.map((expression) => ({ expression })), variables);
  it.each([
    ['object.spec.replicas > 2 && object.spec.share < 1.0', { holds: true, errors: [] }], ['has(object.metadata.labels.c)', { holds: false, errors: [] }], ['oldObject == null', { holds: true, errors: [] }],
    ['request.operation in ["CREATE"] && !request.dryRun', { holds: true, errors: [] }],
  ])('know numbers, absence and the request: %s', (expression, expected) => expect(judged(expression)).toEqual(expected));
  it('are decided by one that is false, and else by errors', () => {
    expect(judged('object.nothing.x', 'false')).toEqual({ holds: false, errors: [] });
    expect(judged('object.nothing.x', 'true')).toEqual({ holds: false, errors: ["expression 'object.nothing.x' resulted in error: no such key: nothing"] });
  });
  it('ask what the user may, or an account', () => {
    asked.length = 0;
    expect(judged("authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('d').check('update').allowed()", "authorizer.path('/healthz').check('get').reason() == 'known'", "authorizer.requestResource.check('x').allowed() && !authorizer.serviceAccount('n', 'a').requestResource.check('x').errored()")).toEqual({ holds: true, errors: [] });
    expect(asked).toEqual([
      { user: 'me', group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'd', verb: 'update' }, { user: 'me', path: '/healthz', verb: 'get' },
      { user: 'me', group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '', verb: 'x' }, { user: 'system:serviceaccount:n:a', group: '', resource: 'pods', namespace: 'work', name: 'a', subresource: '', verb: 'x' },
    ]);
    expect(judged("authorizer.serviceAccount('n', 'a').path('/x').check('get').allowed()")).toEqual({ holds: false, errors: [] });
    expect(asked.at(-1)).toEqual({ user: 'system:serviceaccount:n:a', path: '/x', verb: 'get' });
    // Asking is dear.
    expect(judged(Array.from({ length: 4 }, () => "authorizer.path('/x').check('get').allowed()").join(' && '))).toMatchObject({ holds: false, errors: [expect.stringContaining('running out of cost budget')] });
  });
  it('cost no more than they may', () => {
    const list = `[${Array.from({ length: 100 }, (_, i) => i).join(',')}]`;
    expect(judged(`${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`)).toMatchObject({ holds: false, errors: [expect.stringContaining('running out of cost budget')] });
  });
  it('are true or false, of what is known', () => {
    expect(conditionFault('object.a == 1')).toBeUndefined();
    expect(conditionFault('1')).toBe('must evaluate to bool');
    expect(conditionFault('self.a')).toMatch(/^compilation failed: /);
  });
});
