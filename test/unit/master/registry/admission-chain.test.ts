// In which order plugins are asked, how often, and what they get back.
import type { AdmissionPlugin, AdmissionRequest } from '../../../../master/registry/admission/admission.ts';
import { AdmissionChain } from '../../../../master/registry/admission/chain.ts';

const request = {} as AdmissionRequest;
let asked: string[];
beforeEach(() => { asked = []; });
const plugin = (name: string, more: Partial<AdmissionPlugin> & { again?: boolean } = {}): AdmissionPlugin => ({
  name, mutate: () => { asked.push(`mutate ${name}`); return more.again ? 'again' : undefined; },
  validate: () => { asked.push(`validate ${name}`); return async () => { asked.push(`give back ${name}`); }; }, ...more,
});

it.each([
  ['once', [plugin('a'), plugin('b')], false, ['mutate a', 'mutate b']],
  ['twice, once somebody from outside has changed the object', [plugin('a'), plugin('b', { again: true })], true, ['mutate a', 'mutate b', 'mutate a', 'mutate b']],
])('lets each change the object %s', async (_what, plugins, changed, expected) => {
  expect(await new AdmissionChain(plugins).mutate(request)).toBe(changed);
  expect(asked).toEqual(expected);
});

it('gives back what plugins took when the write fails, or another refuses', async () => {
  const refusing = plugin('no', { validate: () => { throw new Error('refused'); } });
  const taken = ['validate a', 'validate b', 'give back a', 'give back b'];
  await expect(new AdmissionChain([plugin('a'), plugin('b')]).admitted(request, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(asked).toEqual(taken);
  asked = [];
  await expect(new AdmissionChain([plugin('a'), plugin('b'), refusing]).admitted(request, () => { throw new Error('not reached'); })).rejects.toThrow('refused');
  expect(asked).toEqual(taken);
  asked = [];
  expect(await new AdmissionChain([plugin('a')]).admitted(request, () => Promise.resolve('written'))).toBe('written');
  expect(asked).toEqual(['validate a']);
});

it('asks those alone that are asked about all requests', async () => {
  await new AdmissionChain([plugin('a'), plugin('b', { concernsAll: true })]).of('concernsAll').mutate(request);
  expect(asked).toEqual(['mutate b']);
});
