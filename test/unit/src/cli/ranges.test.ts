// The choice of ranges: what is chosen never meets what is in use, and a bad flag is one line with its name.
import fc from 'fast-check';
import { chooseRanges, nodePortCandidates, podCandidates, RangeFlagError, serviceCandidates, vxlanPortCandidates, type RangeFacts, type TakenRange } from '../../../../src/cli/ranges.ts';
import { formatCIDR, mustParseCIDR, overlaps, rangeOf } from '../../../../src/util/cidr.ts';

const nothing: RangeFacts = { addresses: [], nodePorts: [], udpPorts: [] };
const taken = (text: string, kind: TakenRange['kind'] = 'network'): TakenRange => ({ range: mustParseCIDR(text), kind, what: `the thing at ${text}` });
const kinds = ['route', 'resolver', 'network', 'connection', 'cluster'] as const;
const someTaken = fc.array(fc.tuple(fc.constantFrom(10 << 24, (172 << 24) | (16 << 16), (192 << 24) | (168 << 16)), fc.integer({ min: 0, max: 0xffffff }), fc.integer({ min: 9, max: 32 }), fc.constantFrom(...kinds))
  .map(([a, b, prefix, kind]): TakenRange => ({ range: rangeOf((a >>> 0) + b, prefix), kind, what: 'something' })), { maxLength: 20 });

describe('chooseRanges', () => {
  it('takes the first pair on an empty host', () => {
    expect(chooseRanges({}, nothing)).toEqual({ podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16', nodePortRange: { from: 30000, to: 32767 }, vxlanPort: 8472 });
  });

  it('never meets anything in use, and every candidate before the chosen one does', () => fc.assert(fc.property(someTaken, (addresses) => {
    const chosen = chooseRanges({}, { addresses, nodePorts: [], udpPorts: [] });
    const pods = mustParseCIDR(chosen.podCIDR);
    const services = mustParseCIDR(chosen.serviceCIDR);
    expect(overlaps(pods, services)).toBe(false);
    for (const { range } of addresses) expect(overlaps(range, pods) || overlaps(range, services)).toBe(false);
    for (const earlier of podCandidates.slice(0, podCandidates.findIndex((c) => formatCIDR(c) === chosen.podCIDR))) {
      expect(addresses.some(({ range }) => overlaps(range, earlier))).toBe(true);
    }
  })));

  it('gives each further cluster ranges of its own', () => {
    let facts = nothing;
    const seen: ReturnType<typeof chooseRanges>[] = [];
    for (let i = 0; i < 4; i++) {
      const next = chooseRanges({}, facts);
      seen.push(next);
      facts = { addresses: [...facts.addresses, taken(next.podCIDR, 'cluster'), taken(next.serviceCIDR, 'cluster')], nodePorts: [...facts.nodePorts, next.nodePortRange], udpPorts: [...facts.udpPorts, next.vxlanPort] };
    }
    expect(new Set(seen.map((s) => s.podCIDR)).size).toBe(4);
    expect(new Set(seen.map((s) => s.serviceCIDR)).size).toBe(4);
    expect(seen.map((s) => s.nodePortRange.from)).toEqual([30000, 27000, 24000, 21000]);
    expect(seen.map((s) => s.vxlanPort)).toEqual([8472, 8473, 8474, 8475]);
  });

  it.each([
    ['a wide route', [taken('10.0.0.0/8', 'route')], '172.18.0.0/16', '172.17.0.0/16'],
    ['a resolver', [taken('10.42.0.53', 'resolver'), taken('10.43.0.53', 'resolver')], '10.44.0.0/16', '10.45.0.0/16'],
    ['the two halves of a VPN\'s default route', [taken('0.0.0.0/1', 'route'), taken('128.0.0.0/1', 'route')], '10.42.0.0/16', '10.43.0.0/16'],
    ['10/8 and 172.16/12 in use', [taken('10.0.0.0/8'), taken('172.16.0.0/12')], '192.168.0.0/16', undefined],
  ])('meets %s', (_, addresses, podCIDR, serviceCIDR) => {
    if (serviceCIDR === undefined) expect(() => chooseRanges({}, { addresses, nodePorts: [], udpPorts: [] })).toThrow(/^--service-cidr: every default range for Services overlaps/);
    else expect(chooseRanges({}, { addresses, nodePorts: [], udpPorts: [] })).toMatchObject({ podCIDR, serviceCIDR });
  });

  it('chooses around a range that was asked for', () => {
    expect(chooseRanges({ serviceCIDR: '10.42.0.0/16' }, nothing).podCIDR).toBe('10.44.0.0/16');
    expect(chooseRanges({ podCIDR: '10.43.0.0/16' }, nothing).serviceCIDR).toBe('10.45.0.0/16');
    expect(chooseRanges({ podCIDR: '10.0.0.0/12', nodePortRange: '80-90' }, nothing)).toEqual({ podCIDR: '10.0.0.0/12', serviceCIDR: '10.43.0.0/16', nodePortRange: { from: 80, to: 90 }, vxlanPort: 8472 });
  });

  it('lets a range asked for lie inside a wider route, and on nothing else', () => {
    const wide = { addresses: [taken('10.0.0.0/8', 'route')], nodePorts: [], udpPorts: [] };
    expect(chooseRanges({ podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' }, wide).podCIDR).toBe('10.42.0.0/16');
    expect(() => chooseRanges({ podCIDR: '10.42.0.0/16' }, { addresses: [taken('10.42.3.0/24', 'route')], nodePorts: [], udpPorts: [] })).toThrow('--pod-cidr "10.42.0.0/16" overlaps the thing at 10.42.3.0/24');
    expect(() => chooseRanges({ podCIDR: '10.42.0.0/16' }, { addresses: [taken('10.0.0.0/8')], nodePorts: [], udpPorts: [] })).toThrow('--pod-cidr "10.42.0.0/16" overlaps the thing at 10.0.0.0/8');
  });

  it.each([
    [{ podCIDR: '10.42.0.0' }, '--pod-cidr "10.42.0.0" is not an IPv4 range such as 10.42.0.0/16'],
    [{ podCIDR: 'fd00::/48' }, '--pod-cidr "fd00::/48" is not an IPv4 range such as 10.42.0.0/16'],
    [{ podCIDR: '10.42.1.0/16' }, '--pod-cidr "10.42.1.0/16" has host bits set, use 10.42.0.0/16'],
    [{ podCIDR: '10.42.0.0/25' }, '--pod-cidr "10.42.0.0/25" must have a prefix from /8 to /24'],
    [{ podCIDR: '127.1.0.0/16' }, '--pod-cidr "127.1.0.0/16" lies in the loopback range 127.0.0.0/8'],
    [{ serviceCIDR: '10.0.0.0/8' }, '--service-cidr "10.0.0.0/8" must have a prefix from /12 to /28'],
    [{ serviceCIDR: '239.0.0.0/16' }, '--service-cidr "239.0.0.0/16" lies in the multicast and reserved range 224.0.0.0/3'],
    [{ podCIDR: '10.0.0.0/8', serviceCIDR: '10.43.0.0/16' }, '--service-cidr "10.43.0.0/16" overlaps --pod-cidr "10.0.0.0/8"'],
    [{ nodePortRange: '30000' }, '--node-port-range "30000" is not a range of ports such as 30000-32767'],
    [{ nodePortRange: '0-10' }, '--node-port-range "0-10" must lie between 1 and 65535'],
    [{ nodePortRange: '32767-30000' }, '--node-port-range "32767-30000" ends before it begins'],
  ])('refuses %p', (flags, message) => {
    expect(() => chooseRanges(flags, nothing)).toThrow(new RangeFlagError(message));
  });

  it('takes a UDP port for VXLAN that nobody has, and refuses one that somebody has', () => {
    const used = (...udpPorts: number[]): RangeFacts => ({ ...nothing, udpPorts });
    expect(chooseRanges({}, used(53, 8472, 8474)).vxlanPort).toBe(8473);
    expect(chooseRanges({ vxlanPort: 4789 }, used(8472)).vxlanPort).toBe(4789);
    expect(() => chooseRanges({ vxlanPort: 4789 }, used(4789))).toThrow(new RangeFlagError('--vxlan-port 4789 is in use on this host or by another cluster'));
    expect(() => chooseRanges({}, used(...vxlanPortCandidates))).toThrow(new RangeFlagError('--vxlan-port: every default port from 8472 is in use, name a free one'));
  });

  it('says when all node ports are taken', () => {
    expect(() => chooseRanges({}, { addresses: [], nodePorts: nodePortCandidates, udpPorts: [] })).toThrow('--node-port-range: other clusters use every default range, name a free one');
  });

  it('has no candidate for Pods among those for Services, within 10/8 and 172.16/12', () => {
    const home = (c: { prefix: number; base: number }): boolean => c.base >>> 24 !== 192;
    expect(podCandidates.filter(home).flatMap((pod) => serviceCandidates.filter((service) => overlaps(pod, service)))).toEqual([]);
  });
});
