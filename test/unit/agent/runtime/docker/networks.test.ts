// What the engine is asked for when a node's Pod network is made, by engine version.
import { createOptions, gatewayMode } from '../../../../../agent/runtime/docker/networks.ts';

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
