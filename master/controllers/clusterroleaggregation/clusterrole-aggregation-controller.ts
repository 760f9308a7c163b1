// Puts together the ClusterRoles that name others by labels: their rules are those of all roles they select.
// upstream: pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { ClusterRoles, type ClusterRole } from '../../../src/api/rbac/cluster-role.ts';
import type { PolicyRule } from '../../../src/api/rbac/policy-rule.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';

const name = 'clusterrole-aggregation-controller';

/** The rules of the roles selected, by name within each selector, each once; a role is no part of itself. */
function aggregatedRules(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const labels of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = selectorFromObject(labels as never);
    const selected = roles.filter(({ metadata }) => metadata.name !== role.metadata.name && selector.matches(metadata.labels ?? {}));
    for (const other of selected.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      for (const rule of other.rules ?? []) if (!rules.some((known) => equalJson(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

export const clusterRoleAggregationController: Controller = {
  name,
  for: ClusterRoles,
  // Any role may be a part of any other, or be one no more.
  watches: [{ resource: ClusterRoles, map: (_role: ClusterRole, { cached }) => cached(ClusterRoles).list().filter((role) => role.aggregationRule).map((role) => role.metadata.name) }],
  async reconcile({ client, cached }: ControllerContext, key: string): Promise<void> {
    const role = cached(ClusterRoles).get(key);
    if (!role?.aggregationRule) return;
    const rules = aggregatedRules(role, cached(ClusterRoles).list());
    if (equalJson(role.rules ?? [], rules)) return;
    const { apiVersion, kind } = ClusterRoles;
    await client.patch(ClusterRoles, { name: key }, { apiVersion, kind, metadata: { name: key }, rules }, { type: 'apply', fieldManager: name, force: true });
  },
};
