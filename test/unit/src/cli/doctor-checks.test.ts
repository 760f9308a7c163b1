// What the doctor says of the facts of a host.
import { droppingChains, judgeDns, judgeEngine, judgeFirewall, judgeKernel, judgeMtu, judgePath, judgePorts, judgeVxlan, listeningPorts, report, type Finding, type Verdict } from '../../../../src/cli/doctor-checks.ts';

const expectFinding = ({ verdict, text }: Finding, wanted: Verdict, words: string | RegExp): void => {
  expect(verdict).toBe(wanted);
  expect(text).toMatch(words);
};

it.each<[string, Verdict]>([['20.10.24+dfsg1', 'ok'], ['28.1.1', 'ok'], ['20.04', 'blocked'], ['19.03.15', 'blocked'], ['master', 'warning']])('Docker Engine %s', (version, verdict) => { expectFinding(judgeEngine(version, 'unix:///x'), verdict, version); });

it('a kernel lacks what it cannot do', () => {
  expectFinding(judgeKernel({ bridge: undefined, veth: undefined }), 'ok', 'has bridge, veth');
  expectFinding(judgeKernel({ bridge: undefined, nftables: 'Operation not supported' }), 'blocked', /^missing: nftables \(Operation not supported\)$/);
});

const proc = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1926 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:7D00 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 0100007F:7D01 0100007F:1926 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:7D00 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
`;
it('listeners are found in both families, connections are none', () => { expect(listeningPorts(proc)).toEqual([22, 6438, 32000]); });
it.each<[number | undefined, number[], Verdict, RegExp]>([
  [6443, [6443], 'blocked', /^port 6443 of the API is in use/], [undefined, [6443], 'ok', /^nothing listens in 30000-32767$/], [6443, [22], 'ok', /^6443 is free; nothing/], [6443, [30000, 32767, 32768], 'warning', /30000-32767: 30000, 32767;/],
])('API at %s, listening %j', (apiPort, listening, verdict, words) => { expectFinding(judgePorts(listening, { from: 30000, to: 32767, ...(apiPort === undefined ? {} : { apiPort }) }), verdict, words); });

it.each<[number, number[], Verdict, RegExp]>([[1500, [1500], 'ok', /^eth0 carries 1500/], [1400, [1500], 'blocked', /^dray-0 carries 1500 bytes a packet, eth0 only 1400/], [500, [], 'blocked', /576/]])('MTU %d, bridges %j', (mtu, bridges, verdict, words) => {
  expectFinding(judgeMtu('eth0', mtu, bridges.map((of, i) => ({ name: `dray-${i}`, mtu: of }))), verdict, words);
});

const chain = (table: string, hook: string, policy = 'drop', family = 'inet', name = hook): object => ({ chain: { family, table, name, hook, policy } });
const json = (...items: object[]): string => JSON.stringify({ nftables: [{ metainfo: {} }, ...items] });
it('only chains that drop by default on the way in or through matter', () => {
  expect(droppingChains(json(chain('a', 'forward'), chain('b', 'forward', 'accept'), chain('c', 'output'), chain('d', 'input', 'drop', 'ip6'), { table: {} })).map(({ table }) => table)).toEqual(['a']);
  expect(droppingChains('')).toEqual([]);
});
it.each<[string, string, object[], Verdict, RegExp]>([
  ['nothing', '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n', [], 'ok', /^nothing drops/],
  ["Docker's policy", '-P INPUT ACCEPT\n-P FORWARD DROP\n', [chain('filter', 'forward', 'drop', 'ip', 'FORWARD')], 'ok', /^iptables drops forwarded packets by default; the node lets its own pass/],
  ['a table of its own', '-P FORWARD ACCEPT\n', [chain('firewalld', 'forward')], 'blocked', /inet firewalld forward/],
  ['incoming packets', '-P FORWARD ACCEPT\n', [chain('mine', 'input')], 'warning', /^inet mine input drops incoming packets by default: let port 6443, node ports, port 10256 \(health, for load balancers\), UDP port 8472 of nodes that share no subnet with this host \(VXLAN\) and other hosts' Pods in$/],
  ['incoming packets in iptables', '-P INPUT DROP\n-P FORWARD ACCEPT\n', [chain('filter', 'input', 'drop', 'ip', 'INPUT')], 'warning', /^iptables INPUT drops incoming packets by default: let port 6443, node ports, port 10256 \(.*\) and other hosts' Pods in; the agent lets other nodes' VXLAN in by itself \(UDP port 8472\)$/],
])('a firewall that drops %s', (_, filter, chains, verdict, words) => { expectFinding(judgeFirewall(filter, droppingChains(json(...chains)), 6443, 8472), verdict, words); });

it.each<[string, string | undefined, number[], number[], Verdict, RegExp]>([
  ['free', undefined, [53, 8473], [], 'ok', /^the kernel has it, and UDP port 8472 is free$/], ['the cluster\'s own', undefined, [8472], [8472], 'ok', /^UDP port 8472 carries it$/],
  ['somebody else\'s', undefined, [8472], [8473], 'warning', /^UDP port 8472 is in use: nodes that share no subnet with this host cannot reach its Pods; .*--vxlan-port$/],
  ['of no use', 'Operation not supported', [], [], 'warning', /^the kernel has none \(Operation not supported\): nodes that share no subnet/],
])('the port of VXLAN is %s', (_, fault, used, own, verdict, words) => { expectFinding(judgeVxlan(8472, fault, used, own), verdict, words); });

it.each<[string[], string | undefined, Verdict]>([[[], undefined, 'warning'], [['192.0.2.1'], undefined, 'ok'], [['192.0.2.1'], 'timeout', 'warning']])('name servers %j, %s', (servers, fault, verdict) => { expect(judgeDns(servers, fault).verdict).toBe(verdict); });
it.each<[string | undefined, string | undefined, Verdict, RegExp]>([[undefined, undefined, 'ok', /answers/], ['no answer in 3 s', 'no answer in 3 s', 'blocked', /does not answer this host: no answer/], [undefined, 'no answer in 3 s', 'blocked', /routed to it from another: no answer/]])('packets: %s, %s', (fromHost, routed, verdict, words) => {
  expectFinding(judgePath({ fromHost, routed }), verdict, words);
});

it('a warning is no reason to stop, what is blocked is', () => {
  const [ok, warning, blocked] = (['ok', 'warning', 'blocked'] as const).map((verdict) => ({ check: verdict === 'ok' ? 'DNS' : 'firewall', verdict, text: 'words' })) as [Finding & { check: string }, Finding & { check: string }, Finding & { check: string }];
  expect(report([ok, warning])).toEqual({ lines: ['ok       DNS       words', 'warning  firewall  words'], fine: true });
  expect(report([ok, blocked]).fine).toBe(false);
});
