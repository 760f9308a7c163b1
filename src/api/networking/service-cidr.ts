// ServiceCIDR: a range Services get their addresses from. (upstream: pkg/apis/networking/validation/validation.go, ValidateServiceCIDR)
import { index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { cidrVersion } from '../../apimachinery/names.ts';
import { condition } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, object, types, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults, messages } from '../value-faults.ts';
import { isStrictCIDR } from './address-range.ts';

const networking = 'io.k8s.api.networking.v1';

export const serviceCIDRSpec = object('ServiceCIDRSpec', {
  cidrs: array(1, types.string, { listType: 'atomic', doc: 'One range, or one of each address family.' }),
}, { package: networking, doc: 'The ranges that are wanted.' });
type Spec = FieldsValue<typeof serviceCIDRSpec.fields>;

export const serviceCIDRStatus = object('ServiceCIDRStatus', {
  conditions: array(1, condition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Whether the ranges are in use.' }),
}, { package: networking, doc: 'The ranges as they are.' });

function specFaults(spec: Spec): Fault[] {
  const path = 'spec.cidrs';
  const { cidrs = [] } = spec;
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(path, spec, 'may only hold up to 2 values')];
  if (cidrs.length === 2 && cidrs.map(cidrVersion).sort().join() !== '4,6') return [invalid(path, spec, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')];
  return cidrs.flatMap((cidr, i) => messages(index(path, i), cidr, isStrictCIDR(cidr)));
}

export const ServiceCIDRs = defineResource({
  group: 'networking.k8s.io', version: 'v1', kind: 'ServiceCIDR', plural: 'servicecidrs', scope: 'Cluster',
  doc: 'A range Services get their addresses from.',
  fields: {
    spec: field(2, serviceCIDRSpec, { written: true, doc: 'The ranges that are wanted.' }),
    status: field(3, serviceCIDRStatus, { written: true, doc: 'The ranges as they are.' }),
  },
  subresources: { status: true },
  validate: ({ spec }, old) => (old ? immutableFaults(spec.cidrs, old.spec.cidrs, 'spec.cidrs') : specFaults(spec)),
  columns: [nameColumn, { name: 'CIDRs', type: 'string', description: 'The ranges.', value: ({ spec }) => (spec.cidrs ?? []).join(',') }, ageColumn],
});
export interface ServiceCIDR extends ObjectOf<typeof ServiceCIDRs> {}
