// TokenReview: asks the API server whose a token is.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, object, required, string, types } from '../../schema/schema.ts';
import { authenticationPackage, userInfo } from './user-info.ts';

export const tokenReviewSpec = object('TokenReviewSpec', {
  token: string(1, { doc: 'The token.' }),
  audiences: array(2, types.string, { listType: 'atomic', doc: 'Who the token should be for; the API server when empty.' }),
}, { package: authenticationPackage, doc: 'The token in question.' });

export const tokenReviewStatus = object('TokenReviewStatus', {
  authenticated: boolean(1, { doc: 'Whether the token is good.' }),
  user: field(2, userInfo, { written: true, doc: 'Whose it is.' }),
  audiences: array(4, types.string, { listType: 'atomic', doc: 'Those of the wanted audiences the token is for.' }),
  error: string(3, { doc: 'Why it could not be checked.' }),
}, { package: authenticationPackage, doc: 'The answer.' });

export const TokenReviews = defineResource({
  group: 'authentication.k8s.io', version: 'v1', kind: 'TokenReview', plural: 'tokenreviews', scope: 'Cluster', verbs: ['create'],
  doc: 'Asks whose a token is.',
  fields: {
    spec: required(2, tokenReviewSpec, { doc: 'The token in question.' }),
    status: field(3, tokenReviewStatus, { written: true, doc: 'The answer.' }),
  },
});
export interface TokenReview extends ObjectOf<typeof TokenReviews> {}
