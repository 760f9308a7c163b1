// What counts as a plain request, what is rewritten, and where bodies end.
import fc from 'fast-check';
import { ChunkedScanner } from '../../../../../agent/proxy/worker/http/body-end.ts';
import { parseRequestHead, parseResponseHead } from '../../../../../agent/proxy/worker/http/heads.ts';
import { sniff } from '../../../../../agent/proxy/worker/sniff.ts';

const forwarded = '\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n\r\n';
const request = (text: string) => parseRequestHead(text, '1.2.3.4');

describe('parseRequestHead', () => {
  it.each<[string, string, string]>([
    ['nothing to remove', 'GET / HTTP/1.1\r\nHost: h', `GET / HTTP/1.1\r\nHost: h${forwarded}`],
    ['Connection', 'GET / HTTP/1.1\r\nConnection: keep-alive\r\nHost: h\r\nA: b', `GET / HTTP/1.1\r\nHost: h\r\nA: b${forwarded}`],
    ['the last field', 'GET / HTTP/1.1\r\nHost: h\r\nKeep-Alive: timeout=5', `GET / HTTP/1.1\r\nHost: h${forwarded}`],
    ['two in a row', 'GET / HTTP/1.1\r\nProxy-Connection: x\r\nConnection: close\r\nHost: h', `GET / HTTP/1.1\r\nHost: h${forwarded}`],
    ['an offer of HTTP/2', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAMA\r\nA: b', `GET / HTTP/1.1\r\nHost: h\r\nA: b${forwarded}`],
  ])('forwards with %s', (_, text, out) => { expect(request(text)?.text).toBe(out); });

  it('appends the client to what earlier proxies wrote', () => {
    expect(request('GET / HTTP/1.1\r\nHost: h\r\nx-forwarded-for: a\r\nX-Forwarded-For: b, c\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o')?.text)
      .toBe('GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o\r\nX-Forwarded-For: a, b, c, 1.2.3.4\r\n\r\n');
  });
  it('reads length, closing and idempotency', () => {
    expect(request('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nconnection: Close')).toMatchObject({ method: 'POST', contentLength: 12, close: true, idempotent: false });
    expect(request('PUT /a HTTP/1.1\r\nHost: h')).toMatchObject({ contentLength: 0, close: false, idempotent: true });
  });

  it.each([
    'GET / HTTP/1.0\r\nHost: h', 'GET / HTTP/2.0\r\nHost: h', 'GET  / HTTP/1.1\r\nHost: h', 'GET /a b HTTP/1.1\r\nHost: h', 'CONNECT a:1 HTTP/1.1\r\nHost: h', 'G(T / HTTP/1.1\r\nHost: h',
    'GET / HTTP/1.1', 'GET / HTTP/1.1\r\nA: b', 'GET / HTTP/1.1\r\nHost: h\r\nHost: i', 'GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked', 'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket',
    'GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue', 'GET / HTTP/1.1\r\nHost: h\r\nTE: trailers', 'GET / HTTP/1.1\r\nHost: h\r\nTrailer: a', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade',
    'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1', 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +1', 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1,1',
    'GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 1', 'GET / HTTP/1.1\r\nHost: h\r\n folded', 'GET / HTTP/1.1\r\nHost: h\nA: b', 'GET / HTTP/1.1\r\nHost: h\r\nA: b\rc', 'GET / HTTP/1.1\r\nHost: h\r\nA\0: b',
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, a', 'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket',
    'GET / HTTP/1.1\r\nHost: h\r\n: b', 'GET / HTTP/1.1\r\nHost: h\r\nnothing',
  ])('leaves %j to the general path', (text) => { expect(request(text)).toBeUndefined(); });
});

describe('parseResponseHead', () => {
  it.each<[string, string, boolean, object]>([
    ['HTTP/1.1 200 OK\r\nContent-Length: 5', 'GET', false, { status: 200, contentLength: 5, chunked: false, close: false, rewritten: undefined }],
    ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5', 'GET', false, { rewritten: undefined, close: false }],
    ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5', 'GET', true, { rewritten: 'HTTP/1.1 200 OK\r\nContent-Length: 5' }],
    ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5', 'GET', false, { rewritten: 'HTTP/1.1 200 OK\r\nContent-Length: 5', close: true }],
    ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=7\r\nTransfer-Encoding: chunked', 'GET', false, { rewritten: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', chunked: true, contentLength: -1, keepAliveSeconds: 7 }],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5', 'HEAD', false, { contentLength: 0 }],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5', 'GET', false, { contentLength: 0 }],
    ['HTTP/1.1 204', 'GET', false, { contentLength: 0 }],
    ['HTTP/1.1 200 OK', 'GET', false, { contentLength: -1, chunked: false }],
    ['HTTP/1.0 200 OK\r\nContent-Length: 1', 'GET', false, { close: true, rewritten: 'HTTP/1.1 200 OK\r\nContent-Length: 1' }],
  ])('reads %j to %s', (text, method, clientClose, expected) => { expect(parseResponseHead(text, method, clientClose)).toMatchObject(expected); });

  it.each(['HTTP/2 200', 'HTTP/1.1 20', 'SSH-2.0-x', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked', 'HTTP/1.1 200 OK\r\n A: b'])(
    'takes %j for no response', (text) => { expect(parseResponseHead(text, 'GET', false)).toBeUndefined(); });
});

describe('ChunkedScanner', () => {
  it('finds the end however the bytes are cut', () => {
    const body = '5;ext=1\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n';
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (cuts) => {
      const bytes = Buffer.from(`${body}HTTP/1.1`);
      const scanner = new ChunkedScanner();
      let at = 0;
      for (let i = 0; !scanner.done; i++) {
        const piece = bytes.subarray(at, at + cuts[i % cuts.length]!);
        const end = scanner.scan(piece, 0);
        expect(end).toBeGreaterThanOrEqual(0);
        at += end;
      }
      expect(at).toBe(body.length);
    }));
  });
  it.each(['x\r\n', '\r\n', '5\nhello', '5\r\nhelloXX', '0\r\n\n', 'fffffffffffff\r\n'])('refuses %j', (text) => {
    expect(new ChunkedScanner().scan(Buffer.from(text), 0)).toBe(-1);
  });
});

describe('sniff', () => {
  it.each<[string, 'http' | 'other' | 'more']>([
    ['GET / HTTP/1.1\r\n', 'http'], ['OPTIONS * HTTP/1.0\n', 'http'], ['M-SEARCH * HTTP/1.1\r\n', 'http'], ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'other'], ['\x16\x03\x01', 'other'], ['SSH-2.0-OpenSSH\r\n', 'other'],
    ['', 'more'], ['GE', 'more'], ['GET /long', 'more'], ['GET /\0', 'other'], ['get / HTTP/1.1\r\n', 'other'], ['*1\r\n', 'other'], ['QUIT\r\n', 'other'], ['A'.repeat(40), 'other'], [' GET', 'other'],
  ])('%j is %s', (text, verdict) => { expect(sniff(Buffer.from(text, 'latin1'))).toBe(verdict); });
});
