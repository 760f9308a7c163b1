// What signers take, how long requests are kept, and whom a request names.
import { lifeOf, signers, type RequestNames } from '../../../../master/controllers/certificates/signer.ts';
import { deadline } from '../../../../master/controllers/certificates/certificate-cleaner.ts';
import { requestSubject } from '../../../../src/api/certificates/request-subject.ts';

const names = (more: Partial<RequestNames> = {}): RequestNames => ({ commonName: 'system:node:n1', organizations: ['system:nodes'], dnsNames: [], ips: [], emails: [], uris: [], ...more });
const [client, kubelet, serving] = ['kubernetes.io/kube-apiserver-client', 'kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'].map((name) => signers[name]!);
const clientUsages = ['digital signature', 'key encipherment', 'client auth'];
const serverUsages = ['digital signature', 'server auth'];

describe('signers', () => {
  it.each<[what: string, why: string | undefined, expected: string | undefined]>([
    ['any client', client!(names({ organizations: [] }), ['client auth']), undefined],
    ['a client that serves', client!(names(), ['client auth', 'server auth']), 'invalid usage for client certificate: server auth'],
    ['a client that is none', client!(names(), ['digital signature']), 'missing required usage for client certificate: client auth'],
    ['a kubelet', kubelet!(names(), clientUsages), undefined],
    ['a kubelet with a key that is not RSA', kubelet!(names(), ['client auth', 'digital signature']), undefined],
    ['a kubelet of other usages', kubelet!(names(), ['client auth']), 'usages did not match [client auth digital signature key encipherment]'],
    ['a kubelet of no nodes', kubelet!(names({ organizations: ['x'] }), clientUsages), 'subject organization is not system:nodes'],
    ['a kubelet with an address', kubelet!(names({ ips: ['10.0.0.1'] }), clientUsages), 'IP subjectAltNames are not allowed'],
    ['a kubelet of another name', kubelet!(names({ commonName: 'x' }), clientUsages), 'subject common name does not begin with system:node:'],
    ['a server', serving!(names({ ips: ['10.0.0.1'] }), serverUsages), undefined],
    ['a server without address', serving!(names(), serverUsages), 'DNS or IP subjectAltName is required'],
    ['a server of other usages', serving!(names({ dnsNames: ['n1'] }), clientUsages), 'usages did not match [digital signature key encipherment server auth]'],
  ])('%s', (_what, why, expected) => { expect(why).toBe(expected); });
  it.each([[undefined, 31_536_000], [60, 600], [3600, 3600], [1e9, 31_536_000]])('a life of %s seconds is one of %d', (asked, life) => { expect(lifeOf(asked)).toBe(life); });
});

describe('a request is kept', () => {
  const hour = 3_600_000;
  const created = Date.parse('2030-01-01T00:00:00Z');
  const request = (status: object) => ({ metadata: { creationTimestamp: '2030-01-01T00:00:00Z' }, status }) as never;
  const decided = (type: string) => [{ type, status: 'True', lastUpdateTime: '2030-01-01T05:00:00Z' }];
  const certificate = Buffer.from('PEM').toString('base64');
  it.each<[what: string, status: object, end: number, hours: number]>([
    ['a day while nobody decides', {}, 0, 24],
    ['a day while nobody signs', { conditions: decided('Approved') }, 0, 24],
    ['an hour after it was denied', { conditions: decided('Denied') }, 0, 6],
    ['an hour after it failed', { conditions: [...decided('Approved'), ...decided('Failed')] }, 0, 6],
    ['an hour after it was approved and signed', { conditions: decided('Approved'), certificate }, created + 100 * hour, 6],
    ['as long as its certificate lives', { conditions: decided('Approved'), certificate }, created + 5.5 * hour, 5.5],
  ])('%s', (_what, status, end, hours) => { expect(deadline(request(status), () => end)).toBe(created + hours * hour); });
});

describe('the subject of a request', () => {
  it.each(['', 'nothing', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----').toString('base64')])('is unknown for %j', (text) => { expect(requestSubject(text)).toBeUndefined(); });
});
