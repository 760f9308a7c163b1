// What both kinds of metrics.k8s.io have: a window of time, what was used in it, and the columns of their tables.
// upstream: staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go
import { addQuantities, type QuantityText } from '../../apimachinery/quantity.ts';
import type { Column, ObjectHead } from '../../schema/resource.ts';
import { duration, time } from '../../schema/schema.ts';
import { nameColumn } from '../table-columns.ts';

export const windowFields = {
  timestamp: time(2, { written: true, doc: 'End of the time that was measured.' }),
  window: duration(3, { written: true, doc: 'Length of the time that was measured.' }),
};
export const usageDoc = { doc: 'Cores used on average over the time, and bytes of memory at its end.' };

type Usage = Readonly<Record<string, QuantityText>>;
interface Measured extends ObjectHead { readonly window?: string; readonly usage?: Usage; readonly containers?: readonly { readonly usage?: Usage }[] }

/** Of the object, or of its containers together. */
const total = ({ usage: own, containers = [] }: Measured, resource: string): string =>
  [own, ...containers.map((c) => c.usage)].reduce<string>((sum, used) => addQuantities(sum, used?.[resource] ?? '0'), '0');

/** upstream: metrics-server pkg/api (addPodMetricsToTable) */
export const usageColumns: readonly Column<Measured>[] = [
  nameColumn,
  ...['cpu', 'memory'].map((resource): Column<Measured> => ({ name: resource, type: 'string', format: 'quantity', description: 'What is used.', value: (object) => total(object, resource) })),
  { name: 'Window', type: 'string', format: 'duration', description: 'Length of the time that was measured.', value: ({ window }) => window ?? '' },
];
