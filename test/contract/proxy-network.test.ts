// One contract for every back end that carries connections, with clients of every kind: the host, a Pod on the node, a Pod of another
// node, the Pod itself, a container of another network and a machine on the LAN. Needs root, nft and the compiled worker.
import { kernelFault } from '../../agent/proxy/nftables/probe.ts';
import type { ServicePortRule } from '../../agent/proxy/rules.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { commands } from '../../src/util/run.ts';
import { notBuilt, workerProgram } from '../support/compiled.ts';
import { describeWhere } from '../support/test-where.ts';
import { addresses, endpoint, serviceNetwork, type Place, type ServiceNetwork } from './proxy-network.ts';
import { rule, rules } from './proxy-support.ts';

const fault = process.getuid?.() !== 0 ? 'not root' : notBuilt(workerProgram) ?? await kernelFault(commands);

const ip = '10.216.0.10';
const nodePort = 30_870;
const later = '10.215.0.77/24';
const { a, c, gateway, service, container, host, lan } = addresses;
const all = [endpoint('a'), endpoint('b'), endpoint('c')];
const saw = (...pairs: [string, string][]): string[] => pairs.map(([name, address]) => `${name} saw ${address}`);

describe.each([['nftables', '1'], ['nftables', '0'], ['relay', '1']] as const)('%s, bridges asking packet rules: %s', (mode, bridgeCalls) => {
  describeWhere(fault === undefined, fault ?? '', 'carries', () => {
    let net: ServiceNetwork;
    let revision = 0;
    const kernel = mode === 'nftables';
    const port = (fields: Partial<ServicePortRule> = {}): ServicePortRule => rule({ id: 'default/db:', mode, clusterIPs: [ip], port: 5432, nodePort, internal: all, ...fields });
    const serve = (...ports: ServicePortRule[]): Promise<number> => net.proxy.apply(rules(++revision, ...ports));
    /** Ports of the node are given to the kernel when the worker has them. */
    const held = async (): Promise<void> => {
      while (kernel && !(await net.commands.run('nft', ['list', 'map', 'ip', net.table, 'node-services'])).includes(String(nodePort))) await realClock.sleep(5);
    };
    beforeAll(async () => {
      net = await serviceNetwork(workerProgram, kernel, silentLog, bridgeCalls);
    });
    afterAll(() => net.close());

    it.each<[Place, string[], string[]]>([
      // Behind the relay every client is the relay; in the kernel one keeps its address where the answer comes back by this host anyway.
      ['host', saw(['a', gateway], ['b', gateway], ['c', gateway]), saw(['a', service], ['b', service], ['c', service])],
      ['a', saw(['a', gateway], ['b', a], ['c', a]), saw(['a', service], ['b', service], ['c', service])],
      ['container', saw(['a', container], ['b', container], ['c', host]), saw(['a', service], ['b', service], ['c', service])],
    ])('TCP and UDP to the cluster address, from %s', async (from, direct, relayed) => {
      await serve(port(), port({ id: 'default/db:u', protocol: 'UDP' }));
      expect(await net.answers(from, ip, 5432)).toEqual(kernel ? direct : relayed);
      expect(await net.answers(from, ip, 5432, 'udp')).toEqual(kernel ? direct : relayed);
    });

    it.each<[Place, string[], string[]]>([
      ['lan', saw(['a', lan], ['b', lan], ['c', host]), saw(['a', gateway], ['b', gateway], ['c', host])],
      ['a', saw(['a', gateway], ['b', a], ['c', a]), saw(['a', gateway], ['b', gateway], ['c', host])],
      ['c', saw(['a', c], ['b', c], ['c', host]), saw(['a', gateway], ['b', gateway], ['c', host])],
      ['host', saw(['a', host], ['b', host], ['c', host]), saw(['a', gateway], ['b', gateway], ['c', host])],
    ])('the node port, from %s', async (from, direct, relayed) => {
      await serve(port());
      await held();
      expect(await net.answers(from, host, nodePort)).toEqual(kernel ? direct : relayed);
    });

    it.each<[Place, string]>([['a', host], ['a', gateway], ['container', host], ['container', gateway], ['c', host], ['lan', host], ['host', host], ['host', '127.0.0.1']])('the UDP node port, asked from %s at %s', async (from, address) => {
      await serve(port({ id: 'default/db:u', protocol: 'UDP' }));
      await held();
      expect((await net.answers(from, address, nodePort, 'udp')).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
    });

    it('the node port on loopback', async () => {
      await serve(port());
      expect((await net.answers('host', '127.0.0.1', nodePort)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
    });

    it('an external address', async () => {
      await serve(port({ externalIPs: ['10.216.9.9'] }));
      expect((await net.answers('container', '10.216.9.9', 5432)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
    });

    it('new connections to the endpoints listed now, and UDP clients that go on from an endpoint that left', async () => {
      const udp = (fields: Partial<ServicePortRule>): ServicePortRule => port({ id: 'default/db:u', protocol: 'UDP', ...fields });
      await serve(port({ internal: [endpoint('a')] }), udp({ internal: [endpoint('a')] }));
      expect((await net.answers('b', ip, 5432)).map((answer) => answer[0])).toEqual(['a']);
      expect((await net.ask('b', ip, 5432, 'flow'))[0]).toBe('a');
      await serve(port({ internal: [endpoint('c')] }), udp({ internal: [endpoint('c')] }));
      expect((await net.answers('b', ip, 5432)).map((answer) => answer[0])).toEqual(['c']);
      expect((await net.ask('b', ip, 5432, 'flow'))[0]).toBe('c');
    });

    it('a client to the Pod it had before under ClientIP affinity', async () => {
      await serve(port({ affinitySeconds: 600 }));
      await held();
      const [first] = await net.answers('b', ip, 5432, 'tcp', 1);
      expect(await net.answers('b', ip, 5432)).toEqual([first]);
      const left = all.filter(({ pod }) => pod !== `default/${first![0]}`);
      await serve(port({ affinitySeconds: 600, internal: left }));
      const [next] = await net.answers('b', ip, 5432, 'tcp', 1);
      expect(next![0]).not.toBe(first![0]);
      expect(await net.answers('b', ip, 5432)).toEqual([next]);
    });

    it('outside traffic to endpoints of the node alone under a Local policy, that of the cluster to all', async () => {
      await serve(port({ external: [endpoint('b')] }));
      await held();
      expect((await net.answers('lan', host, nodePort)).map((answer) => answer[0])).toEqual(['b']);
      if (kernel) expect((await net.answers('a', host, nodePort)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
      if (kernel) expect(await net.answers('lan', host, nodePort)).toEqual([`b saw ${lan}`]);
    });

    it("clients of its source ranges alone by the load balancer's port, and anybody by the node port", async () => {
      const restricted = (range: string): ServicePortRule[] => (['TCP', 'UDP'] as const).map((protocol) => port({ id: `default/db:${protocol}`, protocol, loadBalancer: true, sourceRanges: [range] }));
      await serve(...restricted(`${lan}/32`));
      while (kernel && !(await net.commands.run('nft', ['list', 'map', 'ip', net.table, 'node-services'])).includes('udp . 5432')) await realClock.sleep(5);
      for (const protocol of ['tcp', 'udp'] as const) expect((await net.answers('lan', host, 5432, protocol)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
      expect((await net.answers('a', host, nodePort)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
      expect(await Promise.all([net.ask('a', host, 5432), net.ask('container', host, 5432, 'udp')])).toEqual([kernel ? 'silence' : 'ECONNRESET', 'silence']);
      await serve(...restricted(`${a}/32`));
      expect((await net.answers('a', host, 5432)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
    });

    it('nothing while there is no endpoint, and refuses what is no Service', async () => {
      await serve(port({ internal: [] }), port({ id: 'default/db:u', protocol: 'UDP', internal: [] }));
      const none = kernel ? ['ECONNREFUSED'] : ['ECONNRESET'];
      for (const from of ['host', 'a', 'container'] as const) expect(await net.answers(from, ip, 5432, 'tcp', 2)).toEqual(none);
      expect(await net.answers('a', ip, 5433, 'tcp', 2)).toEqual(['ECONNREFUSED']);
      expect(await net.answers('a', '10.216.0.77', 5432, 'tcp', 2)).toEqual(['ECONNREFUSED']);
      if (kernel) expect(await net.answers('container', ip, 5432, 'udp', 1)).toEqual(['ECONNREFUSED']);
    });

    it('the UDP node port at an address that came later', async () => {
      await serve(port({ id: 'default/db:u', protocol: 'UDP' }));
      await held();
      await net.commands.run('ip', ['address', 'add', later, 'dev', 'eth0']);
      try {
        // Which answer is the first to come from it depends on when addresses are looked up.
        while ((await net.ask('container', later.split('/')[0]!, nodePort, 'brief')) === 'silence') ;
        expect((await net.answers('container', later.split('/')[0]!, nodePort, 'udp')).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
      } finally {
        await net.commands.run('ip', ['address', 'delete', later, 'dev', 'eth0']);
      }
    });

    it('no UDP port of the node somebody else has', async () => {
      await serve();
      const release = await net.occupy('other', nodePort);
      await serve(port({ id: 'default/db:u', protocol: 'UDP' }));
      expect(net.errors().map(({ port: at }) => at)).toEqual([nodePort]);
      expect(await net.answers('lan', host, nodePort, 'udp', 8)).toEqual([`other saw ${lan}`]);
      await release();
    });

    it('no port of the node somebody else has, until it is free', async () => {
      await serve();
      const release = await net.occupy('other', nodePort);
      await serve(port());
      expect(net.errors().map(({ port: at }) => at)).toEqual([nodePort]);
      expect(await net.answers('lan', host, nodePort, 'tcp', 8)).toEqual([`other saw ${lan}`]);
      await release();
      await serve(port());
      await held();
      expect((await net.answers('lan', host, nodePort)).map((answer) => answer[0])).toEqual(['a', 'b', 'c']);
    });

    // What follows is the kernel's own, and no matter of bridges.
    if (!kernel || bridgeCalls !== '1') return;
    it('clients to the Pods they had before, through other changes, when all is written again, and by the next agent', async () => {
      const sticky = port({ affinitySeconds: 600 });
      await serve(sticky);
      const places = ['host', 'a', 'b', 'container'] as const;
      const answers = (): Promise<string[][]> => Promise.all(places.map((from) => net.answers(from, ip, 5432, 'tcp', 4)));
      const first = await Promise.all(places.map((from) => net.answers(from, ip, 5432, 'tcp', 1)));
      await serve(sticky, port({ id: 'default/other:', clusterIPs: ['10.216.0.11'], affinitySeconds: 5, nodePort: 0 }));
      expect(await answers()).toEqual(first);
      net.kernel!.resync();
      await serve(sticky);
      expect(await answers()).toEqual(first);
      const next = net.anotherKernel();
      const put = new Promise<void>((resolve) => { next.onChange = resolve; });
      next.send(rules(revision, sticky));
      await put;
      expect(await answers()).toEqual(first);
      next.close();
      net.kernel!.resync();
      await serve(sticky);
    });

    it.each([
      ['all rules', ['flush', 'ruleset'], ['a', 'b', 'c']],
      ['those of the tables', ['flush', 'table', 'ip', 'TABLE'], ['a', 'b', 'c']],
      ['the Services', ['flush', 'map', 'ip', 'TABLE', 'services'], ['a', 'b', 'c']],
      ['a chain that is not empty', ['flush', 'chain', 'ip', 'TABLE', 'nat-postrouting'], undefined],
    ])('on when someone flushed %s', async (_, words, meanwhile) => {
      const stop = new AbortController();
      const kept = net.kernel!.keep(stop.signal);
      await serve(port());
      await net.commands.run('nft', words.map((word) => word.replace('TABLE', net.table)));
      if (meanwhile) expect((await net.answers('a', ip, 5432)).map((answer) => answer[0])).toEqual(meanwhile);
      const whole = async (): Promise<boolean> => {
        const listed = await net.commands.run('nft', ['list', 'ruleset']);
        return ['pkttype set host', `${ip} . tcp . 5432 : goto`, 'jump any', 'fully-random'].every((part) => listed.includes(part));
      };
      while (!(await whole())) await realClock.sleep(20);
      stop.abort();
      await kept;
      expect(await net.answers('a', ip, 5432)).toEqual(saw(['a', gateway], ['b', a], ['c', a]));
    });
  });
});
