// Lease: who holds something and until when; nodes' heartbeats and leader election. (upstream: pkg/apis/coordination/validation)
import { child, forbidden, invalid, notSupported, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { field, int32, microTime, object, string, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';

const strategies = ['OldestEmulationVersion'];

function strategyFaults(strategy: string, path: string): Fault[] {
  if (!strategy.includes('/')) return strategies.includes(strategy) ? [] : [notSupported(path, strategy, strategies)];
  return isQualifiedName(strategy).map((message) => invalid(path, strategy, message));
}

export const leaseSpec = object('LeaseSpec', {
  holderIdentity: string(1, { pointer: true, doc: 'Who holds the lease now.' }),
  leaseDurationSeconds: int32(2, { pointer: true, doc: 'Seconds after renewTime from which others may take the lease.', validate: (value, path) => (value > 0 ? [] : [invalid(path, value, 'must be greater than 0')]) }),
  acquireTime: microTime(3, { pointer: true, doc: 'When the holder took the lease.' }),
  renewTime: microTime(4, { pointer: true, doc: 'When the holder last renewed it.' }),
  leaseTransitions: int32(5, { pointer: true, minimum: 0, doc: 'How often the lease went from one holder to another.' }),
  strategy: string(6, { pointer: true, doc: 'How a coordinated election picks the leader.', validate: (value, path) => strategyFaults(value, child(path, 'strategy')) }),
  preferredHolder: string(7, { pointer: true, doc: 'Who the holder should hand the lease to; needs strategy.' }),
}, {
  package: 'io.k8s.api.coordination.v1', doc: 'Who holds the lease, and since when.', dropOff: dropNew('strategy', 'preferredHolder'),
  validate: ({ preferredHolder, strategy }, path) => (preferredHolder && !strategy ? [forbidden(child(path, 'preferredHolder'), 'may only be specified if `strategy` is defined')] : []),
});
export interface LeaseSpec extends FieldsValue<typeof leaseSpec.fields> {}

export const Leases = defineResource({
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', scope: 'Namespaced',
  doc: 'Says who holds something, and is renewed while they live.',
  fields: { spec: field(2, leaseSpec, { written: true, doc: 'Who holds the lease, and since when.' }) },
  requiresRevision: true,
  columns: [
    nameColumn,
    { name: 'Holder', type: 'string', description: 'Who holds the lease.', value: (lease) => lease.spec.holderIdentity ?? '' },
    ageColumn,
  ],
});
export interface Lease extends ObjectOf<typeof Leases> {}
