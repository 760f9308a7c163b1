// What a kubelet's /metrics/resource says, and what was used between two readings of it. Pure.
// upstream: metrics-server pkg/scraper/client/resource/decode.go, pkg/storage
export interface Point { /** Milliseconds since the epoch. */ readonly at: number; /** Seconds on a processor, all told. */ readonly cpu: number; /** Working set in bytes. */ readonly memory: number; /** Of a container; milliseconds since the epoch. */ readonly startedAt?: number }
export interface Points { readonly node?: Point; /** By `namespace/pod`, then by container. */ readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>> }

/** Over a time that ends at `at` and lasts `windowMs`: cores × 10⁹, and bytes at its end. */
export interface Usage { readonly at: number; readonly windowMs: number; readonly nanoCores: number; readonly memory: number }
export interface NodeUsage { readonly node?: Usage; readonly pods: ReadonlyMap<string, ReadonlyMap<string, Usage>> }

type Draft = { -readonly [K in keyof Point]?: Point[K] };
const fieldOf: Readonly<Record<string, 'cpu' | 'memory' | 'startedAt'>> = {
  node_cpu_usage_seconds_total: 'cpu', node_memory_working_set_bytes: 'memory',
  container_cpu_usage_seconds_total: 'cpu', container_memory_working_set_bytes: 'memory', container_start_time_seconds: 'startedAt',
};
const lineForm = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(\d+))?\s*$/;
const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/([A-Za-z_]\w*)="((?:\\.|[^"\\])*)"/g)].map(([, name, value]) => [name!, value!.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))]));
const complete = (draft: Draft): draft is Point => draft.cpu !== undefined && draft.memory !== undefined && draft.at !== undefined;

/** `now` is the time of samples that carry none. What has no processor or no memory is left out, and a Pod with such a container whole. */
export function parsePoints(text: string, now: number): Points {
  const node: Draft = {};
  const pods = new Map<string, Map<string, Draft>>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value, at] = lineForm.exec(line) ?? [];
    const field = Object.hasOwn(fieldOf, name) ? fieldOf[name] : undefined;
    if (!field) continue;
    let draft = node;
    if (name.startsWith('container_')) {
      const { container = '', pod = '', namespace = '' } = labelsOf(labels);
      const key = `${namespace}/${pod}`;
      const ofPod = pods.get(key) ?? new Map<string, Draft>();
      pods.set(key, ofPod);
      draft = ofPod.get(container) ?? {};
      ofPod.set(container, draft);
    }
    draft[field] = field === 'startedAt' ? Number(value) * 1000 : Number(value);
    if (field === 'cpu') draft.at = at === undefined ? now : Number(at);
  }
  return { ...(complete(node) ? { node } : {}), pods: new Map([...pods].filter(([, containers]) => [...containers.values()].every(complete)) as [string, Map<string, Point>][]) };
}

/** A container that began after `before` is measured from its beginning, if that is at least this long ago. */
const shortestLifeMs = 500;

function between(before: Point | undefined, now: Point): Usage | undefined {
  const begun = now.startedAt !== undefined && (!before || now.startedAt > before.at);
  const [from, cpu] = begun ? [now.startedAt!, 0] : before ? [before.at, before.cpu] : [now.at, 0];
  const windowMs = now.at - from;
  if (windowMs <= 0 || (begun && windowMs < shortestLifeMs) || now.cpu < cpu) return undefined;
  return { at: now.at, windowMs, nanoCores: Math.round(((now.cpu - cpu) * 1e12) / windowMs), memory: now.memory };
}

/** A Pod is told of only when each of its containers could be measured. */
export function usageBetween(before: Points, now: Points): NodeUsage {
  const node = now.node && between(before.node, now.node);
  const pods = [...now.pods].flatMap(([key, containers]): [string, Map<string, Usage>][] => {
    const used = [...containers].flatMap(([name, point]) => { const usage = between(before.pods.get(key)?.get(name), point); return usage ? [[name, usage] as const] : []; });
    return used.length === containers.size ? [[key, new Map(used)]] : [];
  });
  return { ...(node ? { node } : {}), pods: new Map(pods) };
}
