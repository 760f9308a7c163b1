// What leads from one set of rules to the next: what the agent tells a worker that has the former. Pure.
import type { DnsService, DnsTable } from '../dns/table.ts';
import { changedList, listChange, type ListChange } from './keyed-list.ts';
import { idOf, type ProxyRules, type ServicePortRule } from './rules.ts';

export interface RulesChange {
  readonly revision: number;
  readonly ports: ListChange<ServicePortRule>;
  /** Absent where the table stays the same; null where there is none any more. */
  readonly dns?: { readonly table: Omit<DnsTable, 'services'>; readonly services: ListChange<DnsService> } | null;
}

export const serviceKey = ({ namespace, name }: DnsService): string => `${namespace}/${name}`;

export function rulesChange(from: ProxyRules, to: ProxyRules): RulesChange {
  const change: RulesChange = { revision: to.revision, ports: listChange(from.ports, to.ports, idOf) };
  if (from.dns === to.dns) return change;
  if (!to.dns) return { ...change, dns: null };
  const { services, ...table } = to.dns;
  return { ...change, dns: { table, services: listChange(from.dns?.services ?? [], services, serviceKey) } };
}

export function changedRules(from: ProxyRules, { revision, ports, dns }: RulesChange): ProxyRules {
  const table = dns === undefined ? from.dns : dns === null ? undefined : { ...dns.table, services: changedList(from.dns?.services ?? [], dns.services, serviceKey) };
  return { revision, ports: changedList(from.ports, ports, idOf), ...(table ? { dns: table } : {}) };
}
