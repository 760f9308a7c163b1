// Which of the finer rights a page of the kubelet belongs to; what could be read as another page belongs to none.
import { kubeletAccess } from '../../../../../master/apiserver/authorization/kubelet-access.ts';
import { parseRequestInfo } from '../../../../../master/apiserver/request-info.ts';

const access = (path: string): string | undefined => kubeletAccess(parseRequestInfo('GET', `/api/v1/nodes/n1/proxy${path}`, new URLSearchParams()))?.subresource;
it.each<[string, string | undefined]>([
  ['/metrics', 'metrics'], ['/metrics/cadvisor', 'metrics'], ['/metrics/', 'metrics'], ['/stats/summary', 'stats'], ['/logs/dmesg', 'log'], ['/pods', 'pods'], ['/runningpods/', 'pods'], ['/healthz', 'healthz'], ['/configz', 'configz'],
  ['/exec/default/p/c', undefined], ['/containerLogs/default/p/c', undefined], ['/metricsx', undefined], ['', undefined], ['/constructor', undefined],
  ['/metrics/../exec/default/p/c', undefined], ['/metrics/%2e%2e/exec', undefined], ['/metrics/./x', undefined], ['/metrics/..%2fexec', undefined], ['/metrics\\..\\exec', undefined], ['/metrics/%252e%252e/exec', undefined],
])('%j is %s', (path, subresource) => expect(access(path)).toBe(subresource));
it('only of nodes', () => {
  expect(kubeletAccess(parseRequestInfo('GET', '/api/v1/namespaces/x/pods/p/proxy/metrics', new URLSearchParams()))).toBeUndefined();
  expect(kubeletAccess(parseRequestInfo('GET', '/api/v1/nodes/n1/metrics', new URLSearchParams()))).toBeUndefined();
});
