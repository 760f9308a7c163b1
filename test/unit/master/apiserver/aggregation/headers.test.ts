// What goes along with a request to an extension server.
import { answeredHeaders, forwardedHeaders, userHeaders } from '../../../../../master/apiserver/aggregation/headers.ts';

it.each([
  ['a name alone', { name: 'jane', groups: [] }, { 'X-Remote-User': 'jane' }],
  ['groups and a uid', { name: 'jane', uid: 'u', groups: ['a', 'b'] }, { 'X-Remote-User': 'jane', 'X-Remote-Uid': 'u', 'X-Remote-Group': ['a', 'b'] }],
  ['keys that are no names of headers', { name: 'j', groups: [], extra: { 'example.com/a%b': ['1', '2'], 'é': ['3'] } }, { 'X-Remote-User': 'j', 'X-Remote-Extra-example.com%2Fa%25b': ['1', '2'], 'X-Remote-Extra-%C3%A9': ['3'] }],
  ['a name that is no ASCII', { name: 'é', groups: [] }, { 'X-Remote-User': 'Ã©' }],
])('tells who asks: %s', (_, user, headers) => expect(userHeaders(user)).toEqual(headers));

it('passes on nothing by which a client could be somebody else, and none of its credentials', () => {
  const headers = {
    ':authority': 'api:6443', 'authorization': 'Bearer secret', 'x-remote-user': 'root', 'X-Remote-Group': 'system:masters', 'x-remote-extra-a': 'b', 'x-remote-uid': '0', 'impersonate-user': 'root', 'connection': 'close',
    'upgrade': 'x', 'transfer-encoding': 'chunked', 'proxy-authorization': 'secret', 'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.c2VjcmV0, v4', 'accept': 'a', 'x-remote-other': 'kept', 'x-forwarded-for': '10.0.0.1',
  };
  expect(forwardedHeaders({ headers, path: '/apis/g/v', peer: { address: '10.0.0.2' } }, { name: 'jane', groups: ['people'] }, 's.n.svc')).toEqual({
    'accept': 'a', 'x-remote-other': 'kept', 'host': 's.n.svc', 'x-forwarded-host': 'api:6443', 'x-forwarded-proto': 'https', 'x-forwarded-uri': '/apis/g/v', 'x-forwarded-for': '10.0.0.1, 10.0.0.2',
    'sec-websocket-protocol': 'v4', 'X-Remote-User': 'jane', 'X-Remote-Group': ['people'],
  });
});

it('brings an answer\'s headers back, without those of one connection and of who may read it', () =>
  expect(answeredHeaders({ 'content-type': 'a', 'etag': 'b', 'connection': 'close', 'transfer-encoding': 'chunked', 'access-control-allow-origin': '*', 'set-cookie': ['a', 'b'] })).toEqual({ 'content-type': 'a', 'etag': 'b', 'set-cookie': 'a, b' }));
