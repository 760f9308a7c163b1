// Texts and plans of the host's packet rules.
import { acceptChain, acceptRules, dropsInput, natTable, planAccepts, planRemoval, tunnelRules } from '../../../../agent/network/firewall.ts';
import { networkNames, type NetworkIdentity } from '../../../../agent/network/names.ts';

const identity: NetworkIdentity = { clusterId: 'ab12cd34', nodeName: 'one', podCIDR: '10.42.1.0/24', clusterPodCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' };
const names = networkNames(identity);
const rules = acceptRules(identity, names);
const listing = (...lines: string[]): string => ['-P INPUT ACCEPT', '-P FORWARD DROP', '-N DOCKER-USER', '-A FORWARD -j DOCKER-USER', ...lines, '-A DOCKER-USER -j RETURN', ''].join('\n');

describe('names', () => {
  it('fit into interface names and derive from cluster and node', () => {
    expect(names).toEqual({
      network: 'dray-ab12cd34', bridge: 'dray-ab12cd34', veth: 'drayv-ab12cd34', vxlan: 'drayx-ab12cd34', vni: 0xab12cd, namespace: 'dray-ab12cd34-one', namespacePath: '/run/netns/dray-ab12cd34-one',
      table: 'dray-ab12cd34', servicesTable: 'dray-ab12cd34-services', comment: 'dray-ab12cd34', gateway: '10.42.1.1', serviceAddress: '10.42.1.2',
    });
    for (const device of [names.bridge, names.veth, names.vxlan]) expect(device.length).toBeLessThanOrEqual(15);
    expect(networkNames({ ...identity, clusterId: '00000042' }).vni).toBe(1);
    expect(networkNames({ ...identity, nodeName: 'n'.repeat(253) }).namespace.length).toBeLessThan(64);
  });
  it.each(['', 'abc', 'AB12', 'abcdef012', 'ab-1'])('refuse the cluster id %p', (clusterId) => {
    expect(() => networkNames({ ...identity, clusterId })).toThrow(`cluster id "${clusterId}" is not 4 to 8 hex digits`);
  });
});

describe('the nftables table', () => {
  it('is replaced in one transaction and marked by what it says', () => {
    const { text, mark } = natTable(identity, names);
    expect(text.split('\n').slice(0, 3)).toEqual(['table ip dray-ab12cd34', 'delete table ip dray-ab12cd34', 'table ip dray-ab12cd34 {']);
    expect(text).toContain('ip saddr 10.42.1.0/24 oifname != "dray-ab12cd34" ip daddr != { 10.42.0.0/16, 10.43.0.0/16, 224.0.0.0/4 } masquerade');
    expect(text).toContain(mark);
    expect(natTable(identity, names).mark).toBe(mark);
    expect(natTable({ ...identity, serviceCIDR: '10.45.0.0/16' }, names).mark).not.toBe(mark);
  });
});

describe('accept rules', () => {
  it('go to the head of DOCKER-USER, in order', () => {
    expect(planAccepts(listing(), [{ chain: 'DOCKER-USER', rules }], names.comment)).toEqual(rules.map((rule, i) => `-I DOCKER-USER ${i + 1} ${rule}`));
  });
  const present = rules.map((rule) => `-A DOCKER-USER ${rule}`);
  it.each([
    ['as they are', present], ['with others\' rules around them', ['-A DOCKER-USER -i eth0 -j DROP', ...present, '-A DOCKER-USER -i eth1 -j DROP']],
    ['as older programs quote comments', present.map((line) => line.replace(/--comment (\S+)/, '--comment "$1"'))],
  ])('stay %s', (_, lines) => {
    expect(planAccepts(listing(...lines), [{ chain: 'DOCKER-USER', rules }], names.comment)).toEqual([]);
  });
  it.each([['one missing', present.slice(1)], ['out of order', present.toReversed()], ['doubled', [...present, ...present]], ['in another chain', present.map((l) => l.replace('DOCKER-USER', 'FORWARD'))]])('are put right when %s', (_, lines) => {
    const plan = planAccepts(listing(...lines), [{ chain: 'DOCKER-USER', rules }], names.comment);
    expect(plan.filter((line) => line.startsWith('-D')).toSorted()).toEqual(lines.map((line) => line.replace('-A', '-D')).toSorted());
    expect(plan.filter((line) => line.startsWith('-I'))).toHaveLength(rules.length);
  });
  it('are removed without another cluster\'s, whose name may begin alike', () => {
    const others = ['-A DOCKER-USER -s 10.52.0.0/16 -m comment --comment dray-ab12cd345 -j ACCEPT', '-A DOCKER-USER -m comment --comment dray-ab12 -j ACCEPT', '-A DOCKER-USER -s 1.2.3.4/32 -j DROP'];
    expect(planRemoval(listing(...others, ...present), names.comment)).toEqual(present.map((line) => line.replace('-A', '-D')));
    expect(planRemoval(listing(...others), names.comment)).toEqual([]);
  });
  it('let tunnels of far nodes in beside them, each chain for itself, and no other\'s', () => {
    const tunnels = tunnelRules(names, 8472, ['192.0.2.7', '198.51.100.7']);
    expect(tunnels[0]).toBe('-s 192.0.2.7/32 -p udp -m udp --dport 8472 -m comment --comment dray-ab12cd34 -j ACCEPT');
    const both = [{ chain: 'INPUT', rules: tunnels }, { chain: 'DOCKER-USER', rules }];
    expect(planAccepts(listing(), both, names.comment)).toEqual([...tunnels.map((rule, i) => `-I INPUT ${i + 1} ${rule}`), ...rules.map((rule, i) => `-I DOCKER-USER ${i + 1} ${rule}`)]);
    const stands = listing(...tunnels.map((rule) => `-A INPUT ${rule}`), ...present);
    expect(planAccepts(stands, both, names.comment)).toEqual([]);
    expect(planAccepts(stands, both.slice(1), names.comment).filter((line) => line.startsWith('-D INPUT'))).toEqual(tunnels.map((rule) => `-D INPUT ${rule}`));
    expect(planAccepts(stands, [], names.comment)).toEqual(planRemoval(stands, names.comment));
  });
  it.each([
    ['-P INPUT ACCEPT\n', false], ['-P INPUT DROP\n', true], ['-P INPUT ACCEPT\n-A INPUT -j ufw-before-input\n', true], ['-P INPUT ACCEPT\n-A INPUT -s 192.0.2.7/32 -m comment --comment dray-ab12cd34 -j ACCEPT\n', false], ['', false],
  ])('are needed for packets to the host in %j: %s', (text, expected) => { expect(dropsInput(text, names.comment)).toBe(expected); });
  it.each([
    [listing(), 'DOCKER-USER'], ['-P FORWARD DROP\n', 'FORWARD'], ['-P FORWARD ACCEPT\n-A FORWARD -j ufw-before-forward\n', 'FORWARD'], ['-P FORWARD ACCEPT\n-N X\n', undefined], ['', undefined],
  ])('find their chain in %j', (text, chain) => {
    expect(acceptChain(text)).toBe(chain);
  });
});
