// LimitRange: what each container, Pod or claim of a namespace may and must ask for.
// upstream: pkg/apis/core/validation/validation.go (ValidateLimitRange), pkg/apis/core/v1/defaults.go (SetDefaults_LimitRangeItem)
import { child, duplicate, forbidden, index, invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { compareQuantities, milliValue } from '../../apimachinery/quantity.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, map, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { messages } from '../value-faults.ts';
import { containerResourceNameFaults, isOvercommitAllowed, resourceNameFaults } from './resources.ts';

const standardTypes = ['Container', 'PersistentVolumeClaim', 'Pod'];

interface ItemLists { type: string; max?: Record<string, string>; min?: Record<string, string>; default?: Record<string, string>; defaultRequest?: Record<string, string>; maxLimitRequestRatio?: Record<string, string> }

/** Containers get as default what they may have at most, and are counted with what they get. */
function itemDefaults(value: Record<string, any>): void {
  const item = value as ItemLists;
  if (item.type !== 'Container') return;
  const filled = (into: Record<string, string> | undefined, from: Record<string, string> | undefined): Record<string, string> => ({ ...from, ...into });
  const limits = filled(item.default, item.max);
  const requests = filled(filled(item.defaultRequest, limits), item.min);
  for (const [name, list] of [['default', limits], ['defaultRequest', requests]] as const) {
    if (Object.keys(list).length > 0) item[name] = Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

export const limitRangeItem = object('LimitRangeItem', {
  type: string(1, { required: true, unchecked: true, doc: 'What is limited: Pod, Container or PersistentVolumeClaim.' }),
  max: map(2, types.quantity, { doc: 'Most of each resource.' }),
  min: map(3, types.quantity, { doc: 'Least of each resource.' }),
  default: map(4, types.quantity, { doc: 'Limit of each resource where none is given.' }),
  defaultRequest: map(5, types.quantity, { doc: 'Request of each resource where none is given.' }),
  maxLimitRequestRatio: map(6, types.quantity, { doc: 'How many times its request a limit may be.' }),
}, { doc: 'Bounds and defaults of one kind of thing.', defaults: itemDefaults });
export interface LimitRangeItem extends FieldsValue<typeof limitRangeItem.fields> {}

export const limitRangeSpec = object('LimitRangeSpec', {
  limits: array(1, limitRangeItem, { required: true, unchecked: true, listType: 'atomic', doc: 'Bounds, by kind of thing.' }),
}, { doc: 'What is limited.' });
export interface LimitRangeSpec extends FieldsValue<typeof limitRangeSpec.fields> {}

function typeFaults(type: string, path: string): Fault[] {
  const faults = messages(path, type, isQualifiedName(type));
  return faults.length === 0 && !type.includes('/') && !standardTypes.includes(type) ? [invalid(path, type, 'must be a standard limit type or fully qualified')] : faults;
}

/** The bounds of one resource must leave room for each other. */
function boundFaults(item: ItemLists, name: string, path: string): Fault[] {
  const [min, max, limit, request, ratio] = [item.min?.[name], item.max?.[name], item.default?.[name], item.defaultRequest?.[name], item.maxLimitRequestRatio?.[name]];
  const at = (list: string): string => key(child(path, list), name);
  const above = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && compareQuantities(a, b) > 0;
  const faults: Fault[] = [];
  if (above(min, max)) faults.push(invalid(at('min'), min, `min value ${min} is greater than max value ${max}`));
  if (above(min, request)) faults.push(invalid(at('defaultRequest'), request, `min value ${min} is greater than default request value ${request}`));
  if (above(request, max)) faults.push(invalid(at('defaultRequest'), request, `default request value ${request} is greater than max value ${max}`));
  if (above(request, limit)) faults.push(invalid(at('defaultRequest'), request, `default request value ${request} is greater than default limit value ${limit}`));
  if (above(min, limit)) faults.push(invalid(at('default'), min, `min value ${min} is greater than default value ${limit}`));
  if (above(limit, max)) faults.push(invalid(at('default'), max, `default value ${limit} is greater than max value ${max}`));
  if (ratio !== undefined && compareQuantities(ratio, '1') < 0) faults.push(invalid(at('maxLimitRequestRatio'), ratio, `ratio ${ratio} is less than 1`));
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const largest = milliValue(max) / milliValue(min);
    if (milliValue(ratio) / 1000 > largest) faults.push(invalid(at('maxLimitRequestRatio'), ratio, `ratio ${ratio} is greater than max/min = ${largest.toFixed(6)}`));
  }
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && compareQuantities(limit, request) !== 0) {
    faults.push(invalid(at('defaultRequest'), request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`));
  }
  return faults;
}

function itemFaults(item: LimitRangeItem, path: string): Fault[] {
  const faults: Fault[] = [];
  const nameFaults = item.type === 'Pod' || item.type === 'Container' ? containerResourceNameFaults : resourceNameFaults;
  const names = new Set<string>();
  const judge = (list: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio'): void => {
    for (const name of Object.keys(item[list] ?? {})) {
      faults.push(...nameFaults(name, key(child(path, list), name)));
      names.add(name);
    }
  };
  judge('max');
  judge('min');
  for (const list of ['default', 'defaultRequest'] as const) {
    if (item.type !== 'Pod') judge(list);
    else if (Object.keys(item[list] ?? {}).length > 0) faults.push(forbidden(child(path, list), "may not be specified when `type` is 'Pod'"));
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
    faults.push(required(child(path, 'limits'), 'either minimum or maximum storage value is required, but neither was provided'));
  }
  judge('maxLimitRequestRatio');
  return [...faults, ...[...names].sort().flatMap((name) => boundFaults(item, name, path))];
}

const specFaults = ({ limits }: LimitRangeSpec): Fault[] => (limits ?? []).flatMap((item, i) => {
  const at = index('spec.limits', i);
  const repeated = limits.findIndex(({ type }) => type === item.type) < i;
  return [...typeFaults(item.type, child(at, 'type')), ...(repeated ? [duplicate(child(at, 'type'), item.type)] : []), ...itemFaults(item, at)];
});

export const LimitRanges = defineResource({
  group: '', version: 'v1', kind: 'LimitRange', plural: 'limitranges', shortNames: ['limits'], scope: 'Namespaced',
  doc: 'What each container, Pod or claim of the namespace may ask for, and gets when it asks for nothing.',
  fields: { spec: field(2, limitRangeSpec, { written: true, doc: 'What is limited.' }) },
  validate: ({ spec }) => specFaults(spec),
});
export interface LimitRange extends ObjectOf<typeof LimitRanges> {}
