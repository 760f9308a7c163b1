// The tunnel's entries: what is made, kept, put right and taken away, and that a plan carried out leaves nothing to do.
import fc from 'fast-check';
import type { Forward, Neighbour, Route, VxlanLink } from '../../../../agent/network/links.ts';
import { macOf, networkNames, type NetworkIdentity } from '../../../../agent/network/names.ts';
import type { FarNode } from '../../../../agent/network/paths.ts';
import { planVxlan, type VxlanPlan, type VxlanState } from '../../../../agent/network/vxlan.ts';

const identity: NetworkIdentity = { clusterId: 'ab12cd34', nodeName: 'one', podCIDR: '10.42.1.0/24', clusterPodCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' };
const names = networkNames(identity);
const { vxlan } = names;
const settings = { port: 8472, mtu: 1450 };
const far = (n: number, internalIP = `198.51.100.${n}`): FarNode => ({ name: `n${n}`, podCIDR: `10.42.${n}.0/24`, internalIP });
const device = (change: Partial<VxlanLink> = {}, data: Partial<VxlanLink['linkinfo']['info_data']> = {}): VxlanLink => ({
  ifname: vxlan, flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'], mtu: 1450, address: '02:64:0a:2a:01:01', linkinfo: { info_kind: 'vxlan', info_data: { id: names.vni, port: 8472, learning: false, ...data } }, ...change,
});
const addresses = [{ family: 'inet', local: '10.42.1.1', prefixlen: 32, scope: 'global' }];
const forward = (n: number, dst = `198.51.100.${n}`): Forward => ({ mac: macOf(`10.42.${n}.1`), dst });
const neighbour = (n: number, lladdr = macOf(`10.42.${n}.1`)): Neighbour => ({ dst: `10.42.${n}.1`, lladdr, state: ['PERMANENT'] });
const route = (n: number, prefsrc = '10.42.1.1'): Route => ({ dst: `10.42.${n}.0/24`, gateway: `10.42.${n}.1`, dev: vxlan, prefsrc });
const standing = (...nodes: number[]): VxlanState => ({ device: device(), addresses, forwards: nodes.map((n) => forward(n)), neighbours: nodes.map((n) => neighbour(n)), routes: nodes.map((n) => route(n)) });

const made = [`link add name ${vxlan} address 02:64:0a:2a:01:01 mtu 1450 type vxlan id ${0xab12cd} dstport 8472 nolearning`, `address replace 10.42.1.1/32 dev ${vxlan}`, `link set dev ${vxlan} up`];
const entries = (n: number): Pick<VxlanPlan, 'forwards' | 'paths'> => ({
  forwards: [`fdb replace 02:64:0a:2a:0${n}:01 dev ${vxlan} dst 198.51.100.${n} self permanent`],
  paths: [`neigh replace 10.42.${n}.1 lladdr 02:64:0a:2a:0${n}:01 dev ${vxlan} nud permanent`, `route replace 10.42.${n}.0/24 via 10.42.${n}.1 dev ${vxlan} onlink src 10.42.1.1 protocol 157`],
});
const nothing: VxlanPlan = { device: [], forwards: [], paths: [] };

describe('planVxlan', () => {
  const table: [string, FarNode[], VxlanState | undefined, Partial<VxlanPlan>][] = [
    ['makes no device for nobody', [], undefined, {}],
    ['makes the device with the first far node', [far(2)], undefined, { device: made, ...entries(2) }],
    ['finds nothing to do twice', [far(2), far(3)], standing(2, 3), {}],
    ['takes another node in', [far(2), far(3)], standing(2), entries(3)],
    ['lets one go', [far(2)], standing(2, 3), { forwards: [`fdb delete 02:64:0a:2a:03:01 dev ${vxlan} dst 198.51.100.3 self`], paths: [`neigh delete 10.42.3.1 dev ${vxlan}`] }],
    ['takes the device away with the last', [], standing(2), { device: [`link delete dev ${vxlan}`] }],
    ['follows a node that moved', [far(2, '203.0.113.9')], standing(2), { forwards: [`fdb replace 02:64:0a:2a:02:01 dev ${vxlan} dst 203.0.113.9 self permanent`] }],
    ['takes an entry for everything away', [far(2)], { ...standing(2), forwards: [forward(2), { mac: '00:00:00:00:00:00', dst: '192.0.2.66' }, { mac: '33:33:00:00:00:01' }] }, { forwards: [`fdb delete 00:00:00:00:00:00 dev ${vxlan} dst 192.0.2.66 self`] }],
    ['repairs what was flushed', [far(2)], { ...standing(), forwards: [] }, entries(2)],
    ['repairs a neighbour somebody changed', [far(2)], { ...standing(2), neighbours: [neighbour(2, '02:00:00:00:00:01'), { dst: '10.42.9.1', state: ['FAILED'] }] }, { paths: entries(2).paths.slice(0, 1) }],
    ['repairs a route without its source', [far(2)], { ...standing(2), routes: [route(2, '192.0.2.10')] }, { paths: entries(2).paths.slice(1) }],
    ['minds no route of another device', [far(2)], { ...standing(2), routes: [route(2), { dst: '10.42.3.0/24', gateway: '192.0.2.11', dev: 'eth0' }] }, {}],
    ['switches the device on, whose routes and neighbours went with it', [far(2)], { ...standing(2), device: device({ flags: ['BROADCAST'] }), neighbours: [], routes: [] }, { device: made.slice(2), paths: entries(2).paths }],
    ['gives the address back', [far(2)], { ...standing(2), addresses: [] }, { device: made.slice(1, 2) }],
    ['follows the MTU of the host\'s link', [far(2)], { ...standing(2), device: device({ mtu: 1350 }) }, { device: [`link set dev ${vxlan} mtu 1450`] }],
    ...([['identifier', {}, { id: 7 }], ['port', {}, { port: 4789 }], ['learning', {}, { learning: true }], ['MAC address', { address: '02:64:0a:2a:07:01' }, {}]] as const)
      .map(([what, change, data]): [string, FarNode[], VxlanState, Partial<VxlanPlan>] => [`makes a device of another ${what} anew`, [far(2)], { ...standing(2), device: device(change, data) }, { device: [`link delete dev ${vxlan}`, ...made], ...entries(2) }]),
  ];
  it.each(table)('%s', (_, nodes, state, plan) => {
    expect(planVxlan(names, settings, nodes, state)).toEqual({ ...nothing, ...plan });
  });

  /** What the kernel has after the lines, as far as the plan reads it. */
  const carriedOut = (state: VxlanState | undefined, { device: lines, forwards, paths }: VxlanPlan): VxlanState | undefined => {
    let now = state;
    for (const line of lines) {
      if (line.startsWith('link delete')) now = undefined;
      else if (line.startsWith('link add')) now = { device: device({ flags: [], mtu: Number(/mtu (\d+)/.exec(line)![1]) }), addresses: [], forwards: [], neighbours: [], routes: [] };
      else if (line.startsWith('address')) now = { ...now!, addresses };
      else if (line.endsWith(' up')) now = { ...now!, device: { ...now!.device, flags: ['UP'] } };
      else now = { ...now!, device: { ...now!.device, mtu: Number(/mtu (\d+)/.exec(line)![1]) } };
    }
    for (const line of forwards) {
      const [, mac, dst] = /^fdb \w+ (\S+) .* dst (\S+)/.exec(line)!;
      now = { ...now!, forwards: [...now!.forwards.filter((f) => f.mac !== mac), ...(line.startsWith('fdb replace') ? [{ mac: mac!, dst: dst! }] : [])] };
    }
    for (const line of paths) {
      const [, verb, dst, value] = /^(\w+ \w+) (\S+)(?: (?:lladdr|via) (\S+))?/.exec(line)!;
      if (verb === 'route replace') now = { ...now!, routes: [...now!.routes.filter((r) => r.dst !== dst), { dst: dst!, gateway: value!, dev: vxlan, prefsrc: / src (\S+)/.exec(line)![1]! }] };
      else now = { ...now!, neighbours: [...now!.neighbours.filter((n) => n.dst !== dst), ...(verb === 'neigh replace' ? [{ dst: dst!, lladdr: value!, state: ['PERMANENT'] }] : [])] };
    }
    // Routes to nodes that went are the other plan's (`planRoutes`).
    return now;
  };
  const number = fc.integer({ min: 2, max: 6 });
  const someNodes = fc.uniqueArray(number, { maxLength: 4 }).chain((all) => fc.tuple(...all.map((n) => fc.integer({ min: 1, max: 3 }).map((last) => far(n, `203.0.113.${last}`)))));
  const someState = fc.option(fc.record({
    device: fc.record({ flags: fc.constantFrom(['UP'], []), mtu: fc.constantFrom(1450, 1400), id: fc.constantFrom(names.vni, 7) }).map(({ flags, mtu, id }) => device({ flags, mtu }, { id })),
    addresses: fc.constantFrom([], addresses), forwards: fc.uniqueArray(fc.tuple(number, fc.integer({ min: 1, max: 4 })).map(([n, last]) => forward(n, `203.0.113.${last}`)), { selector: (f) => f.mac }),
    neighbours: fc.uniqueArray(fc.tuple(number, fc.boolean()).map(([n, right]) => (right ? neighbour(n) : neighbour(n, '02:00:00:00:00:01'))), { selector: (n) => n.dst }),
    routes: fc.uniqueArray(number).map((all) => all.map((n) => route(n))),
  }), { nil: undefined });
  it('leads from any state to one in which each far node has one forwarding entry, one neighbour and one route, and nothing is left to do', () => fc.assert(fc.property(someNodes, someState, (nodes, state) => {
    const after = carriedOut(state, planVxlan(names, settings, nodes, state));
    expect(planVxlan(names, settings, nodes, after)).toEqual(nothing);
    expect((after?.forwards ?? []).map(({ mac, dst }) => `${mac} ${dst}`).sort()).toEqual(nodes.map(({ podCIDR, internalIP }) => `${macOf(podCIDR.replace('.0/24', '.1'))} ${internalIP}`).sort());
    expect((after?.neighbours ?? []).map(({ dst }) => dst).sort()).toEqual(nodes.map(({ podCIDR }) => podCIDR.replace('.0/24', '.1')).sort());
    for (const { podCIDR } of nodes) expect(after!.routes.filter(({ dst }) => dst === podCIDR)).toHaveLength(1);
  })));
});
