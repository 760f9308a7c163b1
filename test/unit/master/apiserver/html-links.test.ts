// Links of proxied pages: which are led back under the proxy's path, and that everything else passes as it came.
import fc from 'fast-check';
import { HtmlLinks, rewriteLink } from '../../../../master/apiserver/proxy/html-links.ts';

const place = { prefix: '/p/proxy', host: '10.0.0.1:80', askedHost: 'api:6443' };

it.each([
  ['/login', '/p/proxy/login'], ['/', '/p/proxy/'], ['/a/', '/p/proxy/a/'], ['/a?x=/b#c', '/p/proxy/a?x=/b#c'], ['/a/../b', '/p/proxy/b'], ['/a//b', '/p/proxy/a/b'],
  ['http://10.0.0.1:80/a', '/p/proxy/a'], ['https://10.0.0.1:80/a', '/p/proxy/a'], ['//10.0.0.1:80/a', '/p/proxy/a'],
  // The client's own way to the API server stays named.
  ['http://api:6443/a?b', 'http://api:6443/p/proxy/a?b'], ['//api:6443/a/', '//api:6443/p/proxy/a/'],
  ['/p/proxy/a', '/p/proxy/a'], ['http://10.0.0.1:80/p/proxy/a', '/p/proxy/a'], ['http://api:6443/p/proxy/a', 'http://api:6443/p/proxy/a'],
  ['login', 'login'], ['../a', '../a'], ['?x', '?x'], ['#x', '#x'], ['', ''], [' /a', ' /a'], ['http://elsewhere/a', 'http://elsewhere/a'], ['//elsewhere/a', '//elsewhere/a'], ['http://10.0.0.1:81/a', 'http://10.0.0.1:81/a'],
  ['http://10.0.0.1:80', 'http://10.0.0.1:80'], ['mailto:a@b', 'mailto:a@b'], ['javascript:alert(1)', 'javascript:alert(1)'], ['data:text/html,/a', 'data:text/html,/a'],
])('the link %j', (link, expected) => {
  expect(rewriteLink(link, place)).toBe(expected);
});

const rewritten = (...pieces: string[]): string => {
  const links = new HtmlLinks((link) => rewriteLink(link, place));
  return pieces.map((piece) => links.write(piece)).join('') + links.end();
};
const pages: [html: string, expected: string][] = [
  ['<a href="/x">/x</a>', '<a href="/p/proxy/x">/x</a>'], ["<A  HREF = '/x' >", "<A  HREF = '/p/proxy/x' >"], ['<a href=/x>', '<a href="/p/proxy/x">'], ['<a href=/x class=y>', '<a href="/p/proxy/x" class=y>'],
  ['<img/src=/a.png/>', '<img/src="/p/proxy/a.png/">'], ['<br/><link href="/a.css" rel=x/>', '<br/><link href="/p/proxy/a.css" rel=x/>'], ['<a href="/x?a=1&amp;b=2">', '<a href="/p/proxy/x?a=1&amp;b=2">'],
  ['<form action="/f" method=post><button formaction="/g"><input src="/h">', '<form action="/p/proxy/f" method=post><button formaction="/p/proxy/g"><input src="/p/proxy/h">'],
  ['<video poster="/p" src="/v">', '<video poster="/p/proxy/p" src="/p/proxy/v">'], ['<base href="/">', '<base href="/p/proxy/">'], ['<object data="/d" type="/t">', '<object data="/p/proxy/d" type="/t">'],
  // Attributes that hold no URL, of elements that have one, and the other way round.
  ['<a title="/x" data-href="/x" href>', '<a title="/x" data-href="/x" href>'], ['<div href="/x">', '<div href="/x">'], ['<a href="http://elsewhere/x">', '<a href="http://elsewhere/x">'], ['<constructor href="/x"><__proto__ src="/x">', '<constructor href="/x"><__proto__ src="/x">'],
  ['<a title=">" href="/x">', '<a title=">" href="/p/proxy/x">'], ['<a =x href="/x">', '<a =x href="/p/proxy/x">'], ['<a href= >', '<a href= >'], ['<a href=/"x>', '<a href="/p/proxy/&#34;x">'],
  // Where tags are no tags.
  ['<!-- <a href="/x"> --><a href="/x">', '<!-- <a href="/x"> --><a href="/p/proxy/x">'], ['<!--><a href="/x">', '<!--><a href="/p/proxy/x">'], ['<!DOCTYPE html><?x <a?><a href="/x">', '<!DOCTYPE html><?x <a?><a href="/p/proxy/x">'],
  ['<script src="/s.js">"<a href=/x>"</script><a href="/x">', '<script src="/p/proxy/s.js">"<a href=/x>"</script><a href="/p/proxy/x">'], ['<STYLE>a{}<a href="/x"></STYLEX></style ><a href="/x">', '<STYLE>a{}<a href="/x"></STYLEX></style ><a href="/p/proxy/x">'],
  ['<title><a href="/x"></title>', '<title><a href="/x"></title>'], ['<plaintext><a href="/x"></plaintext><a href="/x">', '<plaintext><a href="/x"></plaintext><a href="/x">'],
  ['1 < 2 <3 </ <> <a href="/x">', '1 < 2 <3 </ <> <a href="/p/proxy/x">'], ['</a href="/x"><a href="/x">', '</a href="/x"><a href="/p/proxy/x">'],
  // What never ends.
  ['<a href="/x', '<a href="/x'], ['<!-- <a href="/x">', '<!-- <a href="/x">'], ['<script><a href="/x">', '<script><a href="/x">'], ['<', '<'], ['<a', '<a'], ['', ''],
  [`<a href="${'x'.repeat(70_000)}"><a href="/x">`, `<a href="${'x'.repeat(70_000)}"><a href="/p/proxy/x">`], [`<a title="${'x'.repeat(70_000)}`, `<a title="${'x'.repeat(70_000)}`],
];
it.each(pages)('the page %j', (html, expected) => {
  expect(rewritten(html)).toBe(expected);
});
it('reads the same in whatever pieces it comes', () => {
  for (const [html, expected] of pages.filter(([{ length }]) => length < 1000)) expect([html, rewritten(...html)]).toEqual([html, expected]);
  const words = fc.array(fc.constantFrom('<a ', 'href=', '"/x"', '/x', "'", '"', '>', '<!--', '-->', '<script', '</script', ' ', '/', '<', 'text', '<title>', '</title>', 'é'));
  fc.assert(fc.property(words, fc.array(fc.nat(60), { maxLength: 6 }), (all, cuts) => {
    const html = all.join('');
    const at = [0, ...cuts.filter((cut) => cut <= html.length).sort((a, b) => a - b), html.length];
    expect(rewritten(...at.slice(1).map((end, i) => html.slice(at[i], end)))).toBe(rewritten(html));
  }));
});
it('leaves a page without such links as it is', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('<a ', 'href=', '"x"', "'", '"', '>', '<!--', '-->', '<script', '</script', ' ', '<', 'text', '<p>', '=', '!', '?', '-'), { maxLength: 200 }), (all) => {
    expect(rewritten(...all)).toBe(all.join(''));
  }));
});
