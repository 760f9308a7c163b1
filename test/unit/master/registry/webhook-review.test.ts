// What is asked of a webhook, and what its answers come to.
import { denial, reviewVersion, verdictOf } from '../../../../master/registry/admission/webhooks/review.ts';

it('speaks the first version the webhook prefers and knows', () => {
  expect(reviewVersion({ admissionReviewVersions: ['v2', 'v1beta1', 'v1'] })).toBe('v1beta1');
  expect(() => reviewVersion({ admissionReviewVersions: ['v2'] })).toThrow('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
});

describe('an answer', () => {
  const review = (response: object, more: object = {}): unknown => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: 'u', ...response }, ...more });
  it.each([
    ['is no object', [], 'json: cannot unmarshal array into Go value of type v1.AdmissionReview'],
    ['is of another kind', review({}, { kind: 'X', apiVersion: 'v1' }), 'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=X'],
    ['has a patch of no type', review({ patch: 'W10=', patchType: '' }), 'webhook returned invalid response.patchType of ""'],
  ])('that %s is none', (_what, answer, why) => expect(() => verdictOf(answer, 'v1', 'u', true)).toThrow(`received invalid webhook response: ${why}`));
  it('of the older version is not judged so strictly', () => {
    expect(verdictOf({ response: { allowed: true, patch: 'W10=' } }, 'v1beta1', 'u', true)).toEqual({ allowed: true, warnings: [], result: undefined, patch: 'W10=', patchType: 'JSONPatch' });
    expect(verdictOf({ response: { allowed: true, patch: 'W10=' } }, 'v1beta1', 'u', false)).toMatchObject({ patch: '', patchType: undefined });
  });
  it('refuses with a code that is one', () => {
    expect(denial('w', { code: 200, message: 'no' })).toMatchObject({ code: 400, message: 'admission webhook "w" denied the request: no' });
    expect(denial('w', { code: 451, reason: 'Law' })).toMatchObject({ code: 451, reason: 'Law', message: 'admission webhook "w" denied the request: Law' });
  });
});
