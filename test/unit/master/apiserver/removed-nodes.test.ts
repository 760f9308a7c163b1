// Whose certificate is refused after a node was taken out, and when a certificate was issued.
import { X509Certificate } from 'node:crypto';
import { noted, refuses } from '../../../../master/apiserver/removed-nodes.ts';
import { createAuthority, issue, issuedAt } from '../../../../master/pki/certificates.ts';

const now = Date.parse('2026-06-01T12:00:00.500Z');
const node = { name: 'system:node:n1', groups: ['system:nodes'] };
const day = 24 * 3600_000;

it.each([[node, now - 1, true], [node, now, true], [node, now + 1, false], [{ ...node, name: 'system:node:n2' }, now - 1, false], [{ name: 'system:node:n1', groups: [] }, now - 1, false], [{ name: 'kubernetes-admin', groups: ['system:masters'] }, now - 1, false]])('%j, issued at %d: %s', (user, at, refused) => {
  expect(refuses(noted({}, 'n1', now), user, at)).toBe(refused);
});
it('without notes nobody is refused', () => { expect(refuses(undefined, node, now)).toBe(false); });
it('notes no certificate outlives are dropped, others kept', () => {
  const notes = noted(noted(noted({}, 'old', now - 400 * day), 'recent', now - 300 * day), 'n1', now);
  expect(Object.keys(notes).sort()).toEqual(['n1', 'recent']);
});

it('a certificate says when it was issued, to the ms; one without that says when it begins', async () => {
  const authority = await createAuthority('test');
  const at = Date.now() - 12_345;
  const { cert } = await issue(authority, { commonName: 'system:node:n1', usage: 'client' }, at);
  const { serialNumber: serial, validFrom } = new X509Certificate(cert);
  const notBefore = Date.parse(validFrom);
  expect(issuedAt({ serial, notBefore })).toBe(at);
  expect(issuedAt({ serial: '7f'.repeat(16), notBefore })).toBe(notBefore);
  expect(issuedAt({ serial: '', notBefore })).toBe(notBefore);
});
