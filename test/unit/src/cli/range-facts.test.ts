// Routes, resolvers, connections and networks as this host prints them, read into taken ranges.
import { hasKubeProxy, readRangeFacts, takenByConnections, takenByResolvers, takenByRoutes, udpPorts } from '../../../../src/cli/range-facts.ts';
import { formatCIDR } from '../../../../src/util/cidr.ts';
import { CommandError } from '../../../../src/util/run.ts';

describe('facts of a host', () => {
  it('reads routes of every table, without default, loopback and multicast', () => {
    const json = '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"},{"dst":"10.8.0.0/24","dev":"tun0"},{"type":"local","dst":"192.0.2.2","dev":"eth0","table":"local"},{"dst":"127.0.0.0/8","dev":"lo"},{"dst":"224.0.0.0/4","dev":"eth0"}]';
    expect(takenByRoutes(json).map((t) => [formatCIDR(t.range), t.what])).toEqual([['10.8.0.0/24', 'the route to 10.8.0.0/24 on tun0'], ['192.0.2.2/32', 'the route to 192.0.2.2 on eth0']]);
    expect(takenByRoutes('')).toEqual([]);
  });
  it('reads resolvers', () => {
    expect(takenByResolvers('# x\nsearch a\nnameserver 10.255.0.53\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n').map((t) => t.what)).toEqual(['the resolver 10.255.0.53']);
  });
  it('reads both ends of connections, mapped addresses included', () => {
    const tcp = '  sl  local_address rem_address   st\n   0: 00000000:07E8 00000000:0000 0A 0\n   1: 0200000A:0016 07002A0A:D431 01 0\n   2: 0100007F:0016 0100007F:D431 01 0\n';
    expect(takenByConnections(tcp).map((t) => formatCIDR(t.range))).toEqual(['10.0.0.2/32', '10.42.0.7/32']);
    const tcp6 = '   0: 0000000000000000FFFF00000200000A:0016 0000000000000000FFFF000008002A0A:D431 01 0\n   1: 000080FE00000000FF00FC02010000FE:0016 00000000000000000000000000000000:0000 0A 0\n';
    expect(takenByConnections(tcp6).map((t) => formatCIDR(t.range))).toEqual(['10.0.0.2/32', '10.42.0.8/32']);
  });
  it('reads UDP ports in use', () => {
    expect(udpPorts('   sl  local_address rem_address   st\n 1946: 00000000:2118 00000000:0000 07 0\n  19: 3500007F:0035 00000000:0000 07 0\n  sl\n 1946: 00000000000000000000000000000000:2118 0:0 07 0\n')).toEqual([53, 8472]);
  });
  it('reads this host', async () => {
    const ranges = { podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16', nodePortRange: { from: 30000, to: 32767 }, vxlanPort: 8479 };
    const facts = await readRangeFacts({
      clusters: [{ dataDir: '/var/lib/a', ranges }], networks: [{ name: 'bridge', subnets: ['172.17.0.0/16', 'fd00::/64'] }],
    }, async (program) => (program === 'ip' ? '[{"dst":"10.9.0.0/16","dev":"tun0"}]' : '{"nftables":[{"chain":{"family":"ip","table":"nat","name":"PREROUTING"}}]}'));
    expect(facts.addresses.map((t) => t.what)).toEqual(expect.arrayContaining(['10.42.0.0/16 of the cluster in /var/lib/a', '10.43.0.0/16 of the cluster in /var/lib/a', 'the route to 10.9.0.0/16 on tun0', 'the Docker network bridge (172.17.0.0/16)']));
    expect(facts.nodePorts).toEqual([{ from: 30000, to: 32767 }]);
    expect(facts.udpPorts).toContain(8479);
  });
  it('keeps clear of the node ports of a kube-proxy', async () => {
    const chains = (table: string, name: string): string => JSON.stringify({ nftables: [{ metainfo: {} }, { chain: { family: 'ip', table, name } }] });
    expect(['', chains('nat', 'DOCKER'), chains('nat', 'KUBE-NODEPORTS'), chains('kube-proxy', 'services')].map(hasKubeProxy)).toEqual([false, false, true, true]);
    expect((await readRangeFacts({ clusters: [], networks: [] }, async (program) => (program === 'ip' ? '' : chains('nat', 'KUBE-NODEPORTS')))).nodePorts).toEqual([{ from: 30000, to: 32767 }]);
    const noNft = async (program: string): Promise<string> => { if (program === 'ip') return ''; throw new CommandError(program, undefined, '', 'ENOENT'); };
    expect((await readRangeFacts({ clusters: [], networks: [] }, noNft)).nodePorts).toEqual([]);
  });
});
