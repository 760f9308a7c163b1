// What the engine is asked for when a node's Pod network is made, by engine version, and what it takes to remove one whose endpoints
// outlived their containers.
import { EndpointCountLost } from '../../../../../agent/runtime/docker/errors.ts';
import { createDockerNetworks, createOptions, gatewayMode } from '../../../../../agent/runtime/docker/networks.ts';

const spec = { name: 'dray-ab12cd34', bridge: 'dray-ab12cd34', subnet: '10.42.1.0/24', gateway: '10.42.1.1', reserved: '10.42.1.2', mtu: 1400, labels: { 'dray.io/cluster': 'ab12cd34' } };

describe('the Pod network', () => {
  it('has a fixed bridge, no masquerade of Docker\'s, the host\'s MTU, and keeps one address from containers', () => {
    expect(createOptions(spec, '20.10.24+dfsg1')).toMatchObject({
      Name: 'dray-ab12cd34', Driver: 'bridge', CheckDuplicate: true,
      IPAM: { Config: [{ Subnet: '10.42.1.0/24', Gateway: '10.42.1.1', AuxiliaryAddresses: { services: '10.42.1.2' } }] },
      Options: {
        'com.docker.network.bridge.name': 'dray-ab12cd34', 'com.docker.network.bridge.enable_ip_masquerade': 'false', 'com.docker.network.bridge.enable_icc': 'true', 'com.docker.network.driver.mtu': '1400',
      },
      Labels: { 'dray.io/cluster': 'ab12cd34' },
    });
  });
  it.each([['20.10.24+dfsg1', false], ['27.5.1', false], ['28.0.0', true], ['29.1.0-rc.1', true], ['dev', false]])('on engine %s the gateway mode is asked for: %s', (version, asked) => {
    expect(gatewayMode(version)).toEqual(asked ? { 'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected' } : {});
  });
});

describe('the removal of the Pod network', () => {
  const fault = (statusCode: number, message: string): Error => Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message}`), { statusCode, json: { message } });
  /** `count` is the engine's own, beside its list of endpoints; containers of `living` exist. */
  const engine = (endpoints: Record<string, { Name: string }>, living: readonly string[] = [], count = Object.keys(endpoints).length) => {
    const calls: string[] = [];
    const docker = {
      getNetwork: () => ({
        async remove() {
          calls.push('remove');
          if (count > 0) throw fault(403, 'error while removing network: network dray-ab12cd34 id 1 has active endpoints');
        },
        inspect: async () => ({ Id: '1', Containers: { ...endpoints } }),
        async disconnect({ Container, Force }: { Container: string; Force: boolean }) {
          calls.push(`disconnect ${Container}${Force ? ' by force' : ''}`);
          count--;
        },
      }),
      getContainer: (id: string) => ({ inspect: async () => { if (!living.includes(id)) throw fault(404, `No such container: ${id}`); } }),
    };
    return { calls, remove: () => createDockerNetworks({ docker, engine: { version: '20.10.24' } } as never).remove('dray-ab12cd34') };
  };

  it('is one call as a rule', async () => {
    const { calls, remove } = engine({});
    await remove();
    expect(calls).toEqual(['remove']);
  });
  it('takes endpoints away that outlived their containers', async () => {
    const { calls, remove } = engine({ 'ep-1': { Name: 'k8s_POD_a' }, c2: { Name: 'k8s_POD_b' } });
    await remove();
    expect(calls).toEqual(['remove', 'disconnect k8s_POD_a by force', 'disconnect k8s_POD_b by force', 'remove']);
  });
  it('cuts no container off', async () => {
    const { calls, remove } = engine({ 'ep-1': { Name: 'k8s_POD_a' }, c2: { Name: 'other' } }, ['c2']);
    await expect(remove()).rejects.toThrow("containers that are not the cluster's use the network dray-ab12cd34: other");
    expect(calls).toEqual(['remove']);
  });
  it('says when the engine has lost count', async () => {
    const { remove } = engine({}, [], 1);
    await expect(remove()).rejects.toThrow(new EndpointCountLost('the engine has lost count of the endpoints of its network dray-ab12cd34'));
  });
});
