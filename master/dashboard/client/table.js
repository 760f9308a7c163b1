// The rows of a server's Table, kept as its watch tells; and how cells are shown. Nothing here knows a kind.
// @ts-check

/**
 * @typedef {{ name: string, type: string, format?: string, priority?: number, description?: string }} Column
 * @typedef {{ name: string, namespace?: string, uid?: string, resourceVersion?: string, creationTimestamp?: string, deletionTimestamp?: string, labels?: Record<string, string> }} Meta
 * @typedef {{ cells: unknown[], object: { metadata: Meta } }} Row
 * @typedef {{ columnDefinitions: Column[] | null, rows: Row[] | null, metadata?: { resourceVersion?: string } }} Table
 */

/** @param {Meta} meta */
const keyOf = (meta) => `${meta.namespace ?? ''}/${meta.name}`;

export class Rows {
  /** @type {Column[]} */
  columns = [];
  /** Where the next watch goes on. */
  resourceVersion = '';
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {Table} table */
  replace(table) {
    this.columns = table.columnDefinitions ?? [];
    this.resourceVersion = table.metadata?.resourceVersion ?? '';
    this.#rows = new Map((table.rows ?? []).map((row) => [keyOf(row.object.metadata), row]));
  }

  /**
   * One event of a watch of Tables. False when there is nothing new to show.
   * @param {{ type: string, object: Table }} event
   */
  apply({ type, object }) {
    this.resourceVersion = object.metadata?.resourceVersion || this.resourceVersion;
    if (type === 'BOOKMARK') return false;
    // A definition that was changed has other columns from then on.
    if (object.columnDefinitions?.length) this.columns = object.columnDefinitions;
    for (const row of object.rows ?? []) {
      this.resourceVersion = row.object.metadata.resourceVersion ?? this.resourceVersion;
      if (type === 'DELETED') this.#rows.delete(keyOf(row.object.metadata));
      else this.#rows.set(keyOf(row.object.metadata), row);
    }
    return true;
  }

  get size() { return this.#rows.size; }
  /** @returns {Row[]} */
  all() { return [...this.#rows.values()]; }
}

/**
 * What a person reads in a cell.
 * @param {unknown} cell
 */
export const cellText = (cell) => (cell === null || cell === undefined ? '<none>' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell));

/** @param {Column} column */
export const isAge = (column) => column.type === 'date' || column.name === 'Age' || column.name === 'Created At';

/**
 * Rows in which each word stands somewhere: in a cell, a label (`app=web`) or the namespace.
 * @param {readonly Row[]} rows
 * @param {string} text
 */
export function filtered(rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...rows];
  return rows.filter(({ cells, object: { metadata } }) => {
    const all = [...cells.map(cellText), metadata.namespace ?? '', ...Object.entries(metadata.labels ?? {}).map(([k, v]) => `${k}=${v}`)].join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** Numbers by their size, also where they begin a text (`2/3`, `12 (5m ago)`); all else by the alphabet. */
const order = new Intl.Collator('en', { numeric: true });

/**
 * By a column, or by namespace and name; the order of names decides among equals. An age is sorted by its time: youngest first.
 * @param {readonly Row[]} rows
 * @param {readonly Column[]} columns
 * @param {{ column: string, down: boolean } | undefined} by
 */
export function sorted(rows, columns, by) {
  const index = by ? columns.findIndex((c) => c.name === by.column) : -1;
  /** @type {(a: Row, b: Row) => number} */
  const names = (a, b) => order.compare(keyOf(a.object.metadata), keyOf(b.object.metadata));
  if (!by || index < 0) return [...rows].sort(names);
  const column = /** @type {Column} */ (columns[index]);
  /** @type {(a: Row, b: Row) => number} */
  const compare = isAge(column)
    ? (a, b) => order.compare(b.object.metadata.creationTimestamp ?? '', a.object.metadata.creationTimestamp ?? '')
    : (a, b) => order.compare(cellText(a.cells[index]), cellText(b.cells[index]));
  return [...rows].sort((a, b) => (by.down ? -compare(a, b) : compare(a, b)) || names(a, b));
}

const tones = /** @type {const} */ ([
  ['bad', /^(Failed|Error|.*BackOff|Err\w+|.*Error|OOMKilled|Evicted|NotReady\b.*|Unknown|Lost|DeadlineExceeded|Denied|Unschedulable|NodeLost|Warning|ContainerStatusUnknown|CreateContainer.*|Invalid\w*)$/],
  ['wait', /^(Pending|ContainerCreating|PodInitializing|Init:.*|Terminating|Released|Progressing|SchedulingGated|Suspended|Ready,SchedulingDisabled|Provisioning|NotTriggerScaleUp)$/],
  ['done', /^(Completed|Complete|Succeeded)$/],
  ['good', /^(Running|Ready|Active|Bound|Available|Healthy|Approved.*|Established)$/],
]);
/**
 * How a state feels: only words that mean the same for every kind are coloured, and counts like `1/3` that are not full.
 * @param {string} column
 * @param {string} text
 * @returns {'good' | 'bad' | 'wait' | 'done' | ''}
 */
export function toneOf(column, text) {
  if (['Status', 'Phase', 'State', 'Condition', 'Type'].includes(column)) return tones.find(([, pattern]) => pattern.test(text))?.[0] ?? '';
  const counts = column === 'Ready' ? /^(\d+)\/(\d+)$/.exec(text) : null;
  return counts && Number(counts[1]) < Number(counts[2]) ? 'wait' : '';
}
