// Who somebody is, as authentication found out. (upstream: staging/src/k8s.io/api/authentication/v1/types.go)
import { array, arrayOf, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';

export const authenticationPackage = 'io.k8s.api.authentication.v1';

export const userInfo = object('UserInfo', {
  username: string(1, { doc: 'Name of the user.' }),
  uid: string(2, { doc: 'What tells users of one name apart over time.' }),
  groups: array(3, types.string, { listType: 'atomic', doc: 'Groups the user is in.' }),
  extra: map(4, arrayOf(types.string), { doc: 'Further attributes.' }),
}, { package: authenticationPackage, doc: 'Who somebody is.' });
export interface UserInfo extends FieldsValue<typeof userInfo.fields> {}
