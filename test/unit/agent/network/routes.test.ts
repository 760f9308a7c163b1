// By which way a node reaches others' Pods, and which routes it makes, keeps and drops.
import fc from 'fast-check';
import type { Link, Route } from '../../../../agent/network/links.ts';
import { networkNames, type NetworkIdentity } from '../../../../agent/network/names.ts';
import { chooseNodeAddress } from '../../../../agent/network/node-address.ts';
import { choosePaths, linkAddresses, type NodeRoute } from '../../../../agent/network/paths.ts';
import { planRoutes } from '../../../../agent/network/routes.ts';
import { isLoss, isRuleLoss } from '../../../../agent/network/watch.ts';
import { containsAddress, mustParseCIDR, parseIPv4 } from '../../../../src/util/cidr.ts';

const identity: NetworkIdentity = { clusterId: 'ab12cd34', nodeName: 'one', podCIDR: '10.42.1.0/24', clusterPodCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' };
const names = networkNames(identity);
const link = (ifname: string, address?: string, prefixlen = 24, flags = ['UP']): Link => ({ ifname, mtu: 1400, flags, addr_info: address === undefined ? [] : [{ family: 'inet', local: address, prefixlen, scope: ifname === 'lo' ? 'host' : 'global' }] });
const links = [link('lo', '127.0.0.1', 8), link('eth0', '192.0.2.10'), link(names.bridge, '10.42.1.1'), link('docker0', '172.17.0.1', 16)];
const node = (name: string, internalIP: string, podCIDR: string): NodeRoute => ({ name, internalIP, podCIDR });
const self = node('one', '192.0.2.10', '10.42.1.0/24');
const route = (dst: string, gateway: string): Route => ({ dst, gateway, dev: 'eth0', protocol: '157' });

describe('the ways to other nodes', () => {
  // Of a table's rows: nodes, routes that are there → lines, far nodes, lost ones.
  const two = node('two', '192.0.2.11', '10.42.2.0/24');
  const far = node('far', '198.51.100.7', '10.42.3.0/24');
  const table: [string, NodeRoute[], Route[], string[], string[], string[]][] = [
    ['alone', [self], [], [], [], []],
    ['a new node', [self, two], [], ['route replace 10.42.2.0/24 via 192.0.2.11 protocol 157'], [], []],
    ['a known node', [self, two], [route('10.42.2.0/24', '192.0.2.11')], [], [], []],
    ['a node that moved', [node('two', '192.0.2.12', '10.42.2.0/24')], [route('10.42.2.0/24', '192.0.2.11')], ['route replace 10.42.2.0/24 via 192.0.2.12 protocol 157'], [], []],
    ['a node that is gone', [self], [route('10.42.2.0/24', '192.0.2.11')], ['route delete 10.42.2.0/24 protocol 157'], [], []],
    ['another cluster\'s routes and the service route', [self], [route('10.52.2.0/24', '192.0.2.11'), route('10.43.0.0/16', '10.42.1.2')], [], [], []],
    ['a node behind a router', [far], [], [], ['far'], []],
    ['a node behind a router whose route stands', [far], [{ ...route('10.42.3.0/24', '10.42.3.1'), dev: names.vxlan }], [], ['far'], []],
    ['a node that comes near', [two], [{ ...route('10.42.2.0/24', '192.0.2.11'), dev: names.vxlan }], ['route replace 10.42.2.0/24 via 192.0.2.11 protocol 157'], [], []],
    ['a near and a far one', [two, far], [], ['route replace 10.42.2.0/24 via 192.0.2.11 protocol 157'], ['far'], []],
    ['a node that is on our link and says so', [{ ...two, links: ['172.17.0.1/16', '192.0.2.11/24'] }], [], ['route replace 10.42.2.0/24 via 192.0.2.11 protocol 157'], [], []],
    ['a node on our link that does not have us on one of its own', [{ ...two, links: ['192.0.2.11/32'] }], [], [], ['two'], []],
    ['a node that has us on a link we do not have it on', [{ ...far, links: ['192.0.2.7/24', '198.51.100.7/24'] }], [], [], ['far'], []],
    ['a node with no usable address', [node('odd', '', '10.42.3.0/24'), node('island', '127.0.0.1', '10.42.4.0/24')], [], [], [], ['odd', 'island']],
    ['a node without a pod subnet yet', [node('new', '192.0.2.13', '')], [], [], [], []],
    ['two nodes on one kernel', [node('twin', '192.0.2.10', '10.42.4.0/24')], [], [], [], []],
    ['a subnet that is not the cluster\'s', [node('wrong', '192.0.2.11', '192.0.2.0/24'), node('same', '192.0.2.11', '10.42.1.0/24')], [], [], [], []],
    ['a node whose address lies in the pod bridge', [node('odd', '10.42.1.77', '10.42.5.0/24')], [], [], [], ['odd']],
  ];
  it.each(table)('%s', (_, nodes, present, lines, tunnelled, lost) => {
    const paths = choosePaths(identity, self.internalIP, nodes, links);
    expect(planRoutes(identity, names, paths, present)).toEqual(lines);
    expect([paths.far.map(({ name }) => name), paths.lost]).toEqual([tunnelled, lost]);
  });

  it('are told to other nodes without the cluster\'s own devices', () => {
    expect(linkAddresses([...links, link(names.vxlan, '10.42.1.1', 32), link('dray-0123ab', '10.52.1.1')])).toEqual(['192.0.2.10/24', '172.17.0.1/16']);
  });

  const address = fc.record({ third: fc.nat({ max: 3 }), last: fc.integer({ min: 1, max: 254 }), prefixlen: fc.constantFrom(22, 23, 24, 25, 32) });
  const host = fc.uniqueArray(address, { minLength: 1, maxLength: 3, selector: ({ third, last }) => `${third}.${last}` });
  it('are the same for both of a pair, and a plain one only where both have the other on a link', () => fc.assert(fc.property(host, host, (a, b) => {
    const made = (each: typeof a, i: number): { all: Link[]; identity: NetworkIdentity; node: NodeRoute } => {
      const all = each.map(({ third, last, prefixlen }, n) => link(`eth${n}`, `192.168.${third}.${last}`, prefixlen));
      const known = all[0]!.addr_info![0]!.local;
      return { all, identity: { ...identity, nodeName: `n${i}`, podCIDR: `10.42.${i + 1}.0/24` }, node: { ...node(`n${i}`, known, `10.42.${i + 1}.0/24`), links: linkAddresses(all) } };
    };
    const [one, other] = [made(a, 0), made(b, 1)];
    fc.pre(!a.some((x) => b.some((y) => x.third === y.third && x.last === y.last)));
    const kind = (from: typeof one, to: typeof one): string => {
      const { near, far: tunnelled, lost } = choosePaths(from.identity, from.node.internalIP, [from.node, to.node], from.all);
      expect(near.length + tunnelled.length + lost.length).toBe(1);
      return near.length ? 'plain' : 'tunnel';
    };
    expect(kind(one, other)).toBe(kind(other, one));
    const within = (text: string, ip: string): boolean => containsAddress(mustParseCIDR(text), parseIPv4(ip)!);
    const both = one.node.links!.some((text) => within(text, other.node.internalIP)) && other.node.links!.some((text) => within(text, one.node.internalIP));
    expect(kind(one, other)).toBe(both ? 'plain' : 'tunnel');
  })));
});

describe('chooseNodeAddress', () => {
  const standard: Route[] = [{ dst: 'default', gateway: '192.0.2.1', dev: 'eth0' }];
  it.each([
    ['the default route\'s device', links, standard, undefined, { internalIP: '192.0.2.10', device: 'eth0', mtu: 1400 }],
    ['the route to the master', [...links, link('wg0', '10.9.0.4')], standard, { dst: '10.9.0.1', dev: 'wg0', prefsrc: '10.9.0.4' }, { internalIP: '10.9.0.4', device: 'wg0', mtu: 1400 }],
    ['the default route for a master on this host', links, standard, { dst: '192.0.2.10', dev: 'lo', prefsrc: '192.0.2.10' }, { internalIP: '192.0.2.10', device: 'eth0', mtu: 1400 }],
    ['the default route of the lowest metric', [...links, link('wlan0', '198.51.100.4')], [{ dst: 'default', dev: 'wlan0', metric: 600 }, { dst: 'default', dev: 'eth0', metric: 100 }], undefined, { internalIP: '192.0.2.10', device: 'eth0', mtu: 1400 }],
    ['the source the default route names', links, [{ dst: 'default', dev: 'eth0', prefsrc: '192.0.2.99' }], undefined, { internalIP: '192.0.2.99', device: 'eth0', mtu: 1400 }],
    ['the first real device where nothing leads out', [link('lo', '127.0.0.1', 8), link('docker0', '172.17.0.1'), link('eth1', '198.51.100.9')], [], undefined, { internalIP: '198.51.100.9', device: 'eth1', mtu: 1400 }],
    ['loopback on an island', [link('lo', '127.0.0.1', 8), link('docker0', '172.17.0.1')], [], undefined, { internalIP: '127.0.0.1', device: 'lo', mtu: 1500 }],
  ] as const)('takes %s', (_, all, routes, towards, expected) => {
    expect(chooseNodeAddress(all, routes, towards)).toEqual(expected);
  });
});

describe('isLoss', () => {
  it.each([
    ['Deleted 10.43.0.0/16 via 10.42.1.2 dev dray-ab12cd34 proto 157 src 10.42.1.1 ', true],
    ['Deleted 10.42.2.0/24 via 192.0.2.11 dev eth0 proto 157 ', true],
    ['Deleted 10.9.0.0/24 dev tun0 proto kernel scope link src 10.9.0.4 ', false],
    ['10.42.2.0/24 via 192.0.2.11 dev eth0 proto 157 ', false],
    ['Deleted 7: drayv-ab12cd34@if2: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ', true],
    ['Deleted 5: dray-ab12cd34    inet 10.42.1.1/24 brd 10.42.1.255 scope global dray-ab12cd34', true],
    ['Deleted 8: drayx-ab12cd34: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN group default ', true],
    ['Deleted 9: veth1234567@if8: <BROADCAST,MULTICAST> mtu 1500 master dray-ab12cd34 state DOWN ', false],
    ['9: veth1234567@if8: <BROADCAST,MULTICAST> mtu 1500 master dray-ab12cd34 state DOWN ', false],
    ['4: eth0: <BROADCAST,MULTICAST> mtu 1400 state DOWN ', true],
    ['4: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 state UP ', false],
    ['inet all forwarding off ', true],
    ['inet veth1234567 forwarding off ', false],
    ['inet all forwarding on ', false],
  ])('%s', (line, loss) => {
    expect(isLoss(line, identity, names)).toBe(loss);
  });
});

describe('isRuleLoss', () => {
  it.each([
    ['delete table ip dray-ab12cd34', true],
    ['delete rule ip dray-ab12cd34 postrouting handle 4', true],
    ['delete set ip dray-ab12cd34 __set0', false],
    ['delete rule ip filter DOCKER-USER handle 27', true],
    ['delete rule ip filter FORWARD handle 3', true],
    ['delete rule ip filter INPUT handle 5', true],
    ['delete table ip filter', true],
    ['delete rule ip filter DOCKER handle 9', false],
    ['delete rule ip6 filter DOCKER-USER handle 27', false],
    ['delete element ip dray-services places { 10.43.0.1 . tcp . 443 }', false],
    ['add table ip dray-ab12cd34', false],
    ['# ERROR: We lost some netlink events!', true],
  ])('%s', (line, loss) => {
    expect(isRuleLoss(line, names)).toBe(loss);
  });
});
