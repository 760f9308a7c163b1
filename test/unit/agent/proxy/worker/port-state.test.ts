// The choice of a back end.
import { PortState, type BackendState } from '../../../../../agent/proxy/worker/port-state.ts';
import type { Backend, ServicePortRule } from '../../../../../agent/proxy/rules.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';

const backend = (n: number): Backend => ({ address: `10.0.0.${n}`, port: 80, pod: '', nodeName: '' });
const rule = (internal: number[], affinitySeconds = 0, external = internal): ServicePortRule => ({
  id: 'a/b:', protocol: 'TCP', mode: 'http', clusterIPs: [], externalIPs: [], port: 80, nodePort: 0, loadBalancer: false, affinitySeconds,
  internal: internal.map(backend), external: external.map(backend),
});
const last = (state: BackendState | undefined): string => state?.address.slice(7) ?? 'none';

describe('PortState', () => {
  const clock = new FakeClock();
  const choices = (port: PortState, count: number, side: 'internal' | 'external' = 'internal'): string =>
    Array.from({ length: count }, () => last(port.choose(side, 'c'))).join('');

  it('takes turns among equals and keeps the sides apart', () => {
    const port = new PortState(rule([1, 2, 3], 0, [2]), clock);
    expect(choices(port, 6)).toBe('123123');
    expect(choices(port, 3, 'external')).toBe('222');
  });
  it('takes the least loaded', () => {
    const port = new PortState(rule([1, 2, 3]), clock);
    const [a, b, c] = [...port.backends];
    a!.inFlight = 2; b!.inFlight = 1; c!.inFlight = 2;
    expect(choices(port, 2)).toBe('22');
  });
  it('skips what was tried, and what failed just now unless nothing else is left', async () => {
    const port = new PortState(rule([1, 2]), clock);
    const [a, b] = [...port.backends];
    expect(last(port.choose('internal', 'c', new Set([a!, b!])))).toBe('none');
    port.avoid(a!);
    expect(choices(port, 3)).toBe('222');
    expect(last(port.choose('internal', 'c', new Set([b!])))).toBe('1');
    await clock.advance(2_001);
    expect(choices(port, 2)).toBe('21');
  });
  it('keeps the state of back ends that stay and marks those that leave', () => {
    const port = new PortState(rule([1, 2]), clock);
    const [a, b] = [...port.backends];
    a!.inFlight = 5;
    expect(port.update(rule([1, 3]))).toEqual([b]);
    expect([b!.gone, a!.gone, [...port.backends][0] === a]).toEqual([true, false, true]);
    expect(choices(port, 2)).toBe('33');
    expect(port.remove()).toHaveLength(2);
    expect(choices(port, 1)).toBe('none');
  });
  it('keeps a client on its back end until the time is over or the back end leaves', async () => {
    const port = new PortState(rule([1, 2, 3], 10), clock);
    const first = last(port.choose('internal', 'x'));
    expect(last(port.choose('internal', 'y'))).not.toBe(first);
    await clock.advance(9_000);
    expect(last(port.choose('internal', 'x'))).toBe(first);
    await clock.advance(9_000);
    expect(last(port.choose('internal', 'x'))).toBe(first);
    port.update(rule([1, 2, 3].filter((n) => String(n) !== first), 10));
    const second = last(port.choose('internal', 'x'));
    expect(second).not.toBe(first);
    expect(last(port.choose('internal', 'x'))).toBe(second);
  });
});
