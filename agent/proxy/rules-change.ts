// What leads from one set of rules to the next: what the agent tells a worker that has the former, and what the worker writes down. Pure.
import type { DnsService, DnsTable } from '../dns/table.ts';
import { changedList, inOrder, listChange, type ListChange } from './keyed-list.ts';
import { idOf, type ProxyRules, type ServicePortRule } from './rules.ts';

export interface RulesChange {
  readonly revision: number;
  readonly ports: ListChange<ServicePortRule>;
  /** Absent where the table stays the same; null where there is none any more. */
  readonly dns?: { readonly table: DnsSettings; /** Absent where they stay the same. */ readonly namespaces?: ListChange<string>; readonly services: ListChange<DnsService> } | null;
}
type DnsSettings = Omit<DnsTable, 'namespaces' | 'services'>;

export const serviceKey = ({ namespace, name }: DnsService): string => `${namespace}/${name}`;
const none = { put: [], removed: [] };
const itself = (name: string): string => name;

export function rulesChange(from: ProxyRules, to: ProxyRules): RulesChange {
  const change: RulesChange = { revision: to.revision, ports: listChange(from.ports, to.ports, idOf) };
  if (from.dns === to.dns) return change;
  if (!to.dns) return { ...change, dns: null };
  const { namespaces, services, ...table } = to.dns;
  const named = listChange(from.dns?.namespaces ?? [], namespaces, itself);
  return { ...change, dns: { table, ...(named.put.length + named.removed.length > 0 ? { namespaces: named } : {}), services: listChange(from.dns?.services ?? [], services, serviceKey) } };
}

export function changedRules(from: ProxyRules, { revision, ports, dns }: RulesChange): ProxyRules {
  const table = dns === undefined ? from.dns : dns === null ? undefined : {
    ...dns.table, namespaces: changedList(from.dns?.namespaces ?? [], dns.namespaces ?? none, itself), services: changedList(from.dns?.services ?? [], dns.services, serviceKey),
  };
  return { revision, ports: changedList(from.ports, ports, idOf), ...(table ? { dns: table } : {}) };
}

/** Changes that lead to the rules from none, of at most `size` ports or Services each. */
export function* changesTo({ revision, ports, dns }: ProxyRules, size: number): Generator<RulesChange, void> {
  for (let i = 0; i < ports.length; i += size) yield { revision, ports: { put: ports.slice(i, i + size), removed: [] } };
  if (!dns) {
    yield { revision, ports: none };
    return;
  }
  const { namespaces, services, ...table } = dns;
  for (let i = 0; i < services.length; i += size) yield { revision, ports: none, dns: { table, services: { put: services.slice(i, i + size), removed: [] } } };
  yield { revision, ports: none, dns: { table, namespaces: { put: namespaces, removed: [] }, services: none } };
}

/** Where changes lead, one after the other, from no rules at all. Namespaces that a worker of an earlier version wrote down are in its table. */
export function rulesOf(changes: Iterable<RulesChange>): ProxyRules {
  let revision = 0;
  let table: DnsSettings | undefined;
  const namespaces = new Set<string>();
  const ports = new Map<string, ServicePortRule>();
  const services = new Map<string, DnsService>();
  for (const change of changes) {
    revision = change.revision;
    enter(ports, change.ports, idOf);
    if (change.dns) {
      table = change.dns.table;
      for (const gone of change.dns.namespaces?.removed ?? []) namespaces.delete(gone);
      for (const name of change.dns.namespaces?.put ?? []) namespaces.add(name);
      enter(services, change.dns.services, serviceKey);
    } else if (change.dns === null) {
      table = undefined;
      namespaces.clear();
      services.clear();
    }
  }
  return { revision, ports: inOrder(ports.values(), idOf), ...(table ? { dns: { namespaces: inOrder(namespaces, itself), ...table, services: inOrder(services.values(), serviceKey) } } : {}) };
}

function enter<T>(items: Map<string, T>, { put, removed }: ListChange<T>, keyOf: (item: T) => string): void {
  for (const key of removed) items.delete(key);
  for (const item of put) items.set(keyOf(item), item);
}

/** With lists in order of their keys, as changes need them. */
export const orderedRules = ({ revision, ports, dns }: ProxyRules): ProxyRules => ({ revision, ports: inOrder(ports, idOf), ...(dns ? { dns: { ...dns, namespaces: inOrder(dns.namespaces, itself), services: inOrder(dns.services, serviceKey) } } : {}) });
