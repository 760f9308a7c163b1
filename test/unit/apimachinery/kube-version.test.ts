// The order of API versions in discovery.
import { compareVersions } from '../../../src/apimachinery/kube-version.ts';

it('puts stable before beta before alpha, newer before older, other names last', () => {
  const order = ['v10', 'v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'];
  expect([...order].reverse().sort(compareVersions)).toEqual(order);
  expect([...order].sort(compareVersions)).toEqual(order);
});
