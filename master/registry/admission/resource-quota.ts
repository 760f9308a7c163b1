// Charges what a write uses to the quotas of its namespace before it is stored, or refuses it. Writes that wait at the same
// time share one update of each quota's status, made by compare-and-swap; what is not stored after all is given back.
// upstream: apiserver/pkg/admission/plugin/resourcequota
import * as errors from '../../../src/apimachinery/status-error.ts';
import { addLists, subtractLists, type Quantities } from '../../../src/apimachinery/resource-list.ts';
import type { ResourceQuota } from '../../../src/api/core/resource-quota.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { cloneJson } from '../../../src/util/json.ts';
import type { Registry } from '../registry.ts';
import type { RequestContext } from '../request-context.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { evaluatorFor, planCharges, type Charge } from './quota-charges.ts';

interface Waiter {
  readonly request: AdmissionRequest;
  /** What is charged for it already. */
  readonly charged: Charge[];
  resolve(charges: readonly Charge[]): void;
  reject(error: unknown): void;
}

/** Rounds of compare-and-swap before the conflict is the client's. */
const rounds = 10;
const context = (): RequestContext => ({ user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore', fieldManager: 'kube-apiserver', warnings: [], withinAdmitted: true });

export function resourceQuota(registry: Registry): AdmissionPlugin {
  const waiting = new Map<string, Waiter[]>();
  const store = () => registry.find('', 'v1', 'resourcequotas');
  const quotasOf = (namespace: string): ResourceQuota[] => {
    const quotas = store();
    return quotas ? [...registry.cache.list(`${quotas.prefix}${namespace}/`)].map((stored) => stored.object as unknown as ResourceQuota) : [];
  };

  const hasQuotas = (namespace: string): boolean => {
    const quotas = store();
    return quotas !== undefined && registry.cache.count(`${quotas.prefix}${namespace}/`) > 0;
  };

  /** Changes what is used of a quota; `expected` is the revision the change was planned on. False when it has moved on. */
  async function write(namespace: string, name: string, change: (used: Quantities) => Quantities, expected?: string): Promise<boolean> {
    try {
      await store()!.update(namespace, name, (old) => {
        if (expected !== undefined && old!.metadata.resourceVersion !== expected) throw errors.modified(store()!.groupResource, name);
        const quota = cloneJson(old!) as ApiObject & { status: { used?: Quantities } };
        delete (quota.metadata as { resourceVersion?: string }).resourceVersion;
        quota.status.used = change(quota.status.used ?? {});
        return quota;
      }, { subresource: 'status', internal: true, ...(expected === undefined ? {} : { expected: Number(expected) }) }, context());
      return true;
    } catch (error) {
      if (errors.isNotFound(error)) return true;
      if (errors.isConflict(error)) return false;
      throw error;
    }
  }
  async function giveBack(namespace: string, charges: readonly Charge[]): Promise<void> {
    for (const { quota, amount } of charges) await write(namespace, quota, (used) => ({ ...used, ...subtractLists(Object.fromEntries(Object.keys(amount).map((name) => [name, used[name] ?? '0'])), amount) }));
  }
  async function refuse(namespace: string, waiter: Waiter, error: unknown): Promise<void> {
    await giveBack(namespace, waiter.charged);
    waiter.reject(error);
  }

  async function decide(namespace: string, waiters: readonly Waiter[]): Promise<void> {
    let open = waiters;
    let only: ReadonlySet<string> | undefined;
    for (let round = 0; open.length; round++) {
      const quotas = quotasOf(namespace).filter((quota) => !only || only.has(quota.metadata.name));
      const decisions = planCharges(quotas, open.map((waiter) => waiter.request), registry.clock.now());
      const charging: { waiter: Waiter; charges: readonly Charge[] }[] = [];
      for (const [i, decision] of decisions.entries()) {
        const { request } = open[i]!;
        if ('charges' in decision) charging.push({ waiter: open[i]!, charges: decision.charges });
        else await refuse(namespace, open[i]!, errors.forbidden({ group: request.resource.group, resource: request.resource.plural }, request.name, decision.refused));
      }
      const stale = new Set<string>();
      for (const { metadata: { name, resourceVersion } } of quotas) {
        const shares = charging.filter(({ waiter }) => !waiter.request.context.dryRun).flatMap(({ waiter, charges }) => charges.filter((charge) => charge.quota === name).map((charge) => ({ waiter, charge })));
        if (!shares.length) continue;
        const total = shares.reduce<Quantities>((sum, { charge }) => addLists(sum, charge.amount), {});
        if (await write(namespace, name, (used) => addLists(used, total), resourceVersion)) for (const { waiter, charge } of shares) waiter.charged.push(charge);
        else stale.add(name);
      }
      const again = charging.filter(({ charges }) => charges.some((charge) => stale.has(charge.quota))).map(({ waiter }) => waiter);
      for (const { waiter } of charging) if (!again.includes(waiter)) waiter.resolve(waiter.charged);
      if (round === rounds) for (const waiter of again) await refuse(namespace, waiter, errors.modified({ group: '', resource: 'resourcequotas' }, [...stale].join(',')));
      open = round === rounds ? [] : again;
      only = stale;
    }
  }

  /** One decision at a time per namespace; those who come meanwhile are decided together. */
  function charge(namespace: string, request: AdmissionRequest): Promise<readonly Charge[]> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { request, charged: [], resolve, reject };
      const queue = waiting.get(namespace);
      if (queue) queue.push(waiter);
      else {
        waiting.set(namespace, [waiter]);
        void work(namespace);
      }
    });
  }
  async function work(namespace: string): Promise<void> {
    for (;;) {
      const waiters = waiting.get(namespace)!.splice(0);
      if (!waiters.length) break;
      await decide(namespace, waiters).catch((error: unknown) => { for (const waiter of waiters) waiter.reject(error); });
    }
    waiting.delete(namespace);
  }

  return {
    name: 'ResourceQuota',
    async validate(request) {
      const { namespace } = request;
      // Most namespaces have no quota at all.
      if (!namespace || !hasQuotas(namespace) || !evaluatorFor(request)) return undefined;
      const charges = await charge(namespace, request);
      return charges.length ? () => giveBack(namespace, charges) : undefined;
    },
  };
}
