// What is allowed in a Service and has no effect, or is out of use. (upstream: pkg/api/service/warnings.go)
import { index } from '../../apimachinery/fault.ts';
import type { ObjectHead } from '../../schema/resource.ts';
import { addressWarnings, rangeWarnings } from '../address-warnings.ts';
import { headless, type ServiceSpec } from './service-spec.ts';

const oldHints = 'service.kubernetes.io/topology-aware-hints';

/** Warnings about a Service that is made or changed. */
export function serviceWarnings({ metadata, spec }: ObjectHead & { readonly spec: ServiceSpec }): string[] {
  const { type, clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP, loadBalancerSourceRanges = [], sessionAffinity, externalName } = spec;
  return [
    ...(metadata.annotations?.[oldHints] === undefined ? [] : [`annotation ${oldHints} is deprecated, please use service.kubernetes.io/topology-mode instead`]),
    ...(type === 'ExternalName' || clusterIP === headless ? [] : clusterIPs.flatMap((ip, i) => addressWarnings(index('spec.clusterIPs', i), ip))),
    ...(type === 'ClusterIP' && clusterIP === headless ? [
      ...(loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
      ...(externalIPs.length > 0 ? ['spec.externalIPs is ignored for headless services'] : []),
      ...(sessionAffinity === 'None' ? [] : ['spec.SessionAffinity is ignored for headless services']),
    ] : []),
    ...externalIPs.flatMap((ip, i) => addressWarnings(index('spec.externalIPs', i), ip)),
    ...(loadBalancerIP ? addressWarnings('spec.loadBalancerIP', loadBalancerIP) : []),
    ...loadBalancerSourceRanges.flatMap((range, i) => rangeWarnings(index('spec.loadBalancerSourceRanges', i), range)),
    ...(type === 'ExternalName' && externalIPs.length > 0 ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : []),
    ...(type !== 'ExternalName' && externalName ? ['spec.externalName is ignored when spec.type is not "ExternalName"'] : []),
  ];
}
