// TokenRequest: the body of serviceaccounts/token, which makes a token for a ServiceAccount.
// upstream: pkg/apis/authentication/validation/validation.go, pkg/apis/authentication/v1/defaults.go
import { objectMeta, type ObjectMeta } from '../../schema/object-meta.ts';
import { array, field, int64, object, required, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { tokenExpirationFaults } from '../value-faults.ts';
import { authenticationPackage } from './user-info.ts';

export const boundObjectReference = object('BoundObjectReference', {
  kind: string(1, { doc: 'Pod, Node or Secret.' }),
  apiVersion: string(2, { doc: 'API version of the object.' }),
  name: string(3, { doc: 'Name of the object.' }),
  uid: string(4, { doc: 'UID of the object.' }),
}, { package: authenticationPackage, doc: 'An object the token dies with.' });

export const tokenRequestSpec = object('TokenRequestSpec', {
  audiences: array(1, types.string, { required: true, unchecked: true, listType: 'atomic', doc: 'Who the token is for; the API server when empty.' }),
  expirationSeconds: int64(4, { pointer: true, written: true, default: 3600, doc: 'How long the token should be valid; at least ten minutes.', validate: (seconds, path) => (seconds === null ? [] : tokenExpirationFaults(seconds, path)) }),
  boundObjectRef: field(3, boundObjectReference, { pointer: true, written: true, doc: 'An object the token dies with.' }),
}, { package: authenticationPackage, doc: 'The token that is wanted.' });
export interface TokenRequestSpec extends FieldsValue<typeof tokenRequestSpec.fields> {}

export const tokenRequestStatus = object('TokenRequestStatus', {
  token: string(1, { required: true, unchecked: true, doc: 'The token.' }),
  expirationTimestamp: time(2, { required: true, unchecked: true, doc: 'When it ends.' }),
}, { package: authenticationPackage, doc: 'The token.' });

/** No resource of its own: it only exists below a ServiceAccount. */
export const tokenRequestType = object('TokenRequest', {
  apiVersion: string(0, { doc: 'authentication.k8s.io/v1.' }),
  kind: string(0, { doc: 'TokenRequest.' }),
  metadata: field(1, objectMeta, { written: true, doc: 'Metadata of the ServiceAccount.' }),
  spec: required(2, tokenRequestSpec, { doc: 'The token that is wanted.' }),
  status: field(3, tokenRequestStatus, { written: true, doc: 'The token.' }),
}, { package: authenticationPackage, doc: 'Asks for a token of a ServiceAccount.' });
export interface TokenRequest extends Omit<FieldsValue<typeof tokenRequestType.fields>, 'metadata'> { metadata: Partial<ObjectMeta> }
