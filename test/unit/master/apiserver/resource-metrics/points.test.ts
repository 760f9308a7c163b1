// A kubelet's metrics as points, and what was used between two of them.
import { parsePoints, usageBetween, type Point, type Points } from '../../../../../master/apiserver/resource-metrics/points.ts';

const of = (container: string, pod = 'web'): string => `{container="${container}",namespace="default",pod="${pod}"}`;

describe('points', () => {
  it('are read from the text, with times of their own or the present', () => {
    const text = `# HELP node_cpu_usage_seconds_total x
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total 12.5 2000
node_memory_working_set_bytes 3e+06 2000
container_cpu_usage_seconds_total${of('a')} 1.5
container_memory_working_set_bytes${of('a')} 100 2001
container_start_time_seconds${of('a')} 1.25
container_cpu_usage_seconds_total${of('b')} 2 1999
container_memory_working_set_bytes{pod="we\\"b",namespace="default",container="x"} 7
pod_cpu_usage_seconds_total{namespace="default",pod="web"} 9
nonsense
`;
    // b has no memory: its Pod is left out whole.
    expect(parsePoints(text, 5)).toEqual({ node: { at: 2000, cpu: 12.5, memory: 3e6 }, pods: new Map() });
    expect(parsePoints(text.replace('(b)', '').split('\n').filter((line) => !line.includes('"b"')).join('\n'), 5).pods).toEqual(new Map([['default/web', new Map([['a', { at: 5, cpu: 1.5, memory: 100, startedAt: 1250 }]])]]));
  });
  it.each(['', 'constructor 1', '<html>', 'node_cpu_usage_seconds_total{'])('%j has none', (text) => expect(parsePoints(text, 1)).toEqual({ pods: new Map() }));
});

describe('usage', () => {
  const points = (a: Partial<Point> | undefined, node?: Point): Points => ({ ...(node ? { node } : {}), pods: new Map(a ? [['default/web', new Map([['a', { at: 0, cpu: 0, memory: 0, ...a }]])]] : []) });
  const used = (before: Partial<Point> | undefined, now: Partial<Point>): object | undefined => usageBetween(points(before), points(now)).pods.get('default/web')?.get('a');
  it.each<[string, Partial<Point> | undefined, Partial<Point>, object | undefined]>([
    ['is between two readings', { at: 10_000, cpu: 1 }, { at: 12_000, cpu: 1.5, memory: 9, startedAt: 1000 }, { at: 12_000, windowMs: 2000, nanoCores: 25e7, memory: 9 }],
    ['of a container that began in between is since it began', { at: 10_000, cpu: 90, startedAt: 1 }, { at: 12_000, cpu: 0.5, startedAt: 11_000 }, { at: 12_000, windowMs: 1000, nanoCores: 5e8, memory: 0 }],
    ['of a new container too', undefined, { at: 12_000, cpu: 0.5, startedAt: 11_000 }, { at: 12_000, windowMs: 1000, nanoCores: 5e8, memory: 0 }],
    ['of one that has just begun is not known', undefined, { at: 12_000, cpu: 0.5, startedAt: 11_900 }, undefined],
    ['of one reading is not known', undefined, { at: 12_000, cpu: 0.5 }, undefined],
    ['between readings of one moment is not known', { at: 12_000, cpu: 0.5 }, { at: 12_000, cpu: 0.5 }, undefined],
    ['of a counter that went back is not known', { at: 10_000, cpu: 2 }, { at: 12_000, cpu: 1 }, undefined],
  ])('%s', (_, before, now, usage) => expect(used(before, now)).toEqual(usage));
  it('of a Pod wants all its containers', () => {
    const pod = (...containers: [string, Point][]): Points => ({ pods: new Map([['default/web', new Map(containers)]]) });
    const [first, second]: Point[] = [{ at: 1000, cpu: 1, memory: 1 }, { at: 2000, cpu: 2, memory: 1 }];
    expect(usageBetween(pod(['a', first!]), pod(['a', second!], ['b', second!])).pods.size).toBe(0);
  });
  it('of the node', () => expect(usageBetween(points(undefined, { at: 0, cpu: 1, memory: 5 }), points(undefined, { at: 4000, cpu: 3, memory: 6 })).node).toEqual({ at: 4000, windowMs: 4000, nanoCores: 5e8, memory: 6 }));
});
