// The proxy's rules and the name server's table, kept from change to change: only the Services that changed are planned anew, and all
// else stays the same objects. Pure.
import type { Service } from '../../src/api/core/service.ts';
import type { EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { buildDnsTable, type TableInput } from '../dns/build-table.ts';
import type { DnsService, DnsTable } from '../dns/table.ts';
import { buildRules, type RulesInput } from './build-rules.ts';
import { KeyedList } from './keyed-list.ts';
import { idOf, type ProxyRules, type ServicePortRule } from './rules.ts';
import { serviceKey } from './rules-change.ts';

/** What names depend on beside Services. */
export type NamesInput = Omit<TableInput, 'services' | 'endpointSlices'>;

export class RulesBuilder {
  readonly #options: Pick<RulesInput, 'nodeName' | 'mode' | 'kernel'>;
  readonly #ports = new KeyedList<ServicePortRule>(idOf);
  readonly #names = new KeyedList<DnsService>(serviceKey);
  /** The node's zone; Services planned before it was known have to be planned anew. */
  zone: string | undefined;
  #table: { readonly form: string; readonly value: DnsTable } | undefined;

  constructor(options: Pick<RulesInput, 'nodeName' | 'mode' | 'kernel'>) { this.#options = options; }

  /** Takes in what there is of the Service `namespace/name` now: nothing when it is gone. */
  update(key: string, service: Service | undefined, endpointSlices: readonly EndpointSlice[]): void {
    const { nodeName, mode, kernel = false } = this.#options;
    const services = service ? [service] : [];
    this.#ports.set(key, buildRules({ nodeName, zone: this.zone, mode, kernel, services, endpointSlices, revision: 0 }).ports);
    this.#names.set(key, buildDnsTable({ services, endpointSlices, addresses: [], upstreams: [] }).services);
  }

  build(revision: number, names: NamesInput): ProxyRules {
    const services = this.#names.list;
    const namespaces = new Set([...names.namespaces ?? [], ...services.map((service) => service.namespace)]);
    const table = buildDnsTable({ ...names, services: [], endpointSlices: [], namespaces });
    const form = JSON.stringify(table);
    if (this.#table?.value.services !== services || this.#table.form !== form) this.#table = { form, value: { ...table, services } };
    return { revision, ports: this.#ports.list, dns: this.#table.value };
  }
}
