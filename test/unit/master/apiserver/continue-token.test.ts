// Continue tokens: what a server made it reads again, and what is wrong with any other is told in upstream's words.
import { decodeContinue, encodeContinue, present } from '../../../../master/apiserver/handlers/continue-token.ts';

it.each([[12, 'default/a'], [present, 'a'], [1, '/a'], [1, 'ü/%00']])('%d %s is read as it was written', (rv, start) => {
  expect(decodeContinue(encodeContinue(rv, start))).toEqual({ v: 'meta.k8s.io/v1', rv, start });
});

const encoded = (token: unknown): string => Buffer.from(typeof token === 'string' ? token : JSON.stringify(token)).toString('base64url');
const v = 'meta.k8s.io/v1';
it.each<[token: string, why: string | RegExp]>([
  ['a$c', 'illegal base64 data at input byte 1'], ['abcde', 'illegal base64 data at input byte 4'], ['YQ==', 'illegal base64 data at input byte 2'],
  [encoded('{'), 'unexpected end of JSON input'], [encoded('x'), "invalid character 'x' looking for beginning of value"], [encoded([1]), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
  [encoded({ v, rv: 'x' }), 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64'], [encoded({ v, rv: 1.5 }), 'json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64'],
  [encoded({ v, rv: 1, start: [] }), 'json: cannot unmarshal array into Go struct field continueToken.start of type string'],
  [encoded(null), 'server does not recognize this encoded version '], [encoded({ v: 'v2', rv: 1, start: 'a' }), 'server does not recognize this encoded version v2'], [encoded({ constructor: 1 }), 'server does not recognize this encoded version '],
  [encoded({ v, start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'], [encoded({ v, rv: 1 }), 'encoded start key empty (version meta.k8s.io/v1)'],
  ...['../a', 'a/../../b', 'a//b', 'a/', './a', 'a/.'].map((start): [string, string] => [encoded({ v, rv: 1, start }), start]),
])('%s is refused', (token, why) => {
  expect(() => decodeContinue(token)).toThrow(expect.objectContaining({ code: 400, message: `invalid continue token: continue key is not valid: ${String(why)}` }) as unknown as Error);
});
