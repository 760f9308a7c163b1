// The APIServices a server registers by itself: one for each group version of its own, which so has a place among those of others.
// upstream: kube-aggregator pkg/controllers/autoregister/autoregister_controller.go, pkg/controlplane/apiserver/aggregator.go
import type { ResourceDefinition } from '../../schema/resource.ts';
import { equalJson } from '../../util/json.ts';
import type { APIService } from './api-service.ts';
import { priorityOf, registrationGroup } from './priorities.ts';

export const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';
const [onStart, always] = ['onstart', 'true'];
/** By upstream an add-on registers it: an APIService that is there already would be in the way of who installs one. */
const ofAddOns: ReadonlySet<string> = new Set(['metrics.k8s.io']);

export interface RegisteredService { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }; readonly spec: { readonly group?: string; readonly version: string; readonly groupPriorityMinimum: number; readonly versionPriority: number } }

export const apiServiceName = ({ group, version }: Pick<ResourceDefinition, 'group' | 'version'>): string => `${version}.${group}`;

/** By name. That of the group of APIServices themselves nobody could change. */
export function registeredServices(served: readonly ResourceDefinition[]): Map<string, RegisteredService> {
  const all = new Map<string, RegisteredService>();
  for (const resource of served) {
    const { group, version, custom } = resource;
    const name = apiServiceName(resource);
    if (group === registrationGroup || ofAddOns.has(group) || all.has(name)) continue;
    const priority = priorityOf(group, version);
    all.set(name, {
      metadata: { name, labels: { [managedLabel]: custom ? always : onStart } },
      spec: { ...(group ? { group } : {}), version, groupPriorityMinimum: priority.group, versionPriority: priority.version },
    });
  }
  return all;
}

export type RegistrationPlan = { readonly kind: 'none' } | { readonly kind: 'create'; readonly object: RegisteredService } | { readonly kind: 'update'; readonly object: APIService } | { readonly kind: 'delete'; readonly uid: string };

/**
 * What makes an APIService what it should be. One without the label is somebody's own. `synced`: it was looked at since this server's
 * start, so that one of a built-in group is left as somebody made it, unless it is gone.
 */
export function planRegistration(wanted: RegisteredService | undefined, current: APIService | undefined, synced: boolean): RegistrationPlan {
  if (!current) return wanted ? { kind: 'create', object: wanted } : { kind: 'none' };
  const label = current.metadata.labels?.[managedLabel];
  if (current.metadata.deletionTimestamp || (label !== onStart && label !== always) || (label === onStart && synced)) return { kind: 'none' };
  if (!wanted) return { kind: 'delete', uid: current.metadata.uid };
  if (equalJson(current.spec, wanted.spec)) return { kind: 'none' };
  return { kind: 'update', object: { ...current, spec: wanted.spec } as APIService };
}
