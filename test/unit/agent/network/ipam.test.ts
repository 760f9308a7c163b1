// Pod addresses: each in use once, round robin, and rested for a minute.
import fc from 'fast-check';
import { AddressesExhausted, PodAddresses, reuseDelayMs } from '../../../../agent/network/ipam.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const cidr = '10.42.3.0/24';
const make = (start = 0): { clock: FakeClock; pods: PodAddresses } => { const clock = new FakeClock(); return { clock, pods: new PodAddresses(cidr, clock, start) }; };

describe('PodAddresses', () => {
  it('goes round from .10 to .254, and begins again at .10', async () => {
    const { clock, pods } = make();
    expect(pods.size).toBe(245);
    const seen = Array.from({ length: 245 }, () => { const ip = pods.allocate(); pods.release(ip); return ip; });
    expect(seen[0]).toBe('10.42.3.10');
    expect(seen.at(-1)).toBe('10.42.3.254');
    expect(new Set(seen).size).toBe(245);
    await clock.advance(reuseDelayMs);
    expect(pods.allocate()).toBe('10.42.3.10');
  });

  it('does not give a released address for a minute, even to the last Pod', async () => {
    const { clock, pods } = make();
    const all = Array.from({ length: 245 }, () => pods.allocate());
    expect(() => pods.allocate()).toThrow('no free pod address in 10.42.3.0/24: 245 of 245 in use, the others released less than 60 s ago');
    pods.release(all[7]!);
    await clock.advance(reuseDelayMs - 1);
    expect(() => pods.allocate()).toThrow(AddressesExhausted);
    await clock.advance(1);
    expect(pods.allocate()).toBe('10.42.3.17');
  });

  it('keeps adopted addresses, and begins where it is told', () => {
    const { pods } = make(0.5);
    pods.reserve('10.42.3.132');
    pods.reserve('10.42.3.132');
    pods.reserve('192.0.2.1');
    expect([pods.allocate(), pods.allocate()]).toEqual(['10.42.3.133', '10.42.3.134']);
    expect(make(1).pods.allocate()).toBe('10.42.3.254');
  });

  it('an adopted address that rested is in use again', async () => {
    const { clock, pods } = make();
    const ip = pods.allocate();
    pods.release(ip);
    pods.reserve(ip);
    await clock.advance(reuseDelayMs);
    expect(Array.from({ length: 244 }, () => pods.allocate())).not.toContain(ip);
  });

  it('refuses a subnet without room', () => {
    expect(() => new PodAddresses('10.0.0.0/29', new FakeClock())).toThrow('10.0.0.0/29 is too small for Pods');
  });

  type Step = { do: 'allocate' | 'release' | 'reserve'; pick: number; wait: number };
  const steps = fc.array(fc.record<Step>({ do: fc.constantFrom('allocate', 'release', 'reserve'), pick: fc.nat({ max: 300 }), wait: fc.constantFrom(0, 1000, 59_999, 60_000) }), { maxLength: 60 });
  it('never gives an address twice, too early, or one of the reserved ones', () => fc.assert(fc.asyncProperty(steps, fc.double({ min: 0, max: 1, noNaN: true }), async (sequence, start) => {
    const clock = new FakeClock();
    const pods = new PodAddresses('10.42.3.0/27', clock, start);
    const used = new Set<string>();
    const released = new Map<string, number>();
    for (const step of sequence) {
      await clock.advance(step.wait);
      if (step.do === 'release') {
        const ip = [...used][step.pick % Math.max(1, used.size)];
        if (ip !== undefined) { pods.release(ip); used.delete(ip); released.set(ip, clock.monotonic()); }
      } else if (step.do === 'reserve') {
        const ip = `10.42.3.${10 + (step.pick % 21)}`;
        pods.reserve(ip);
        used.add(ip);
      } else {
        const free = Array.from({ length: 21 }, (_, i) => `10.42.3.${10 + i}`).filter((ip) => !used.has(ip) && clock.monotonic() - (released.get(ip) ?? -Infinity) >= reuseDelayMs);
        if (free.length === 0) expect(() => pods.allocate()).toThrow(AddressesExhausted);
        else { const ip = pods.allocate(); expect(free).toContain(ip); used.add(ip); }
      }
    }
  })));
});
