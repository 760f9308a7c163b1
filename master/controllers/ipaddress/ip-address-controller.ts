// Keeps one IPAddress object for each address a Service holds. The allocator's own record is the Services: these objects are
// how others see it. (upstream: pkg/registry/core/service/ipallocator, pkg/controlplane/controller/ipallocator repair)
import { isAlreadyExists, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Services, type Service } from '../../../src/api/core/service.ts';
import { IPAddresses, type IPAddress } from '../../../src/api/networking/ip-address.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

export const managedBy = 'ipaddress.kubernetes.io/managed-by';
const familyLabel = 'ipaddress.kubernetes.io/ip-family';
const manager = 'ipallocator.k8s.io';
const index = 'clusterIP';

const addressesOf = ({ spec }: Service): string[] => (spec.type === 'ExternalName' ? [] : (spec.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None'));

/** The object an address should have. */
const addressObject = (ip: string, service: Service): Draft<IPAddress> => ({
  metadata: { name: ip, labels: { [familyLabel]: ip.includes(':') ? 'IPv6' : 'IPv4', [managedBy]: manager } },
  spec: { parentRef: { resource: 'services', namespace: service.metadata.namespace, name: service.metadata.name } },
} as Draft<IPAddress>);

const sameParent = ({ spec: { parentRef } }: IPAddress, { metadata }: Service): boolean => parentRef?.resource === 'services' && parentRef.namespace === metadata.namespace && parentRef.name === metadata.name;

export const ipAddressController: Controller = {
  name: 'ip-address-controller',
  for: IPAddresses,
  watches: [{ resource: Services, map: (service: Service, _context, old?: Service) => [...new Set([...addressesOf(service), ...(old ? addressesOf(old) : [])])] }],
  indexes: [{ resource: Services, name: index, of: addressesOf }],
  async reconcile({ client, cached }: ControllerContext, ip: string): Promise<void> {
    const [service] = cached(Services).byIndex(index, ip);
    const existing = cached(IPAddresses).get(ip);
    // An address somebody else has written down is theirs to take away.
    if (existing && (!service || !sameParent(existing, service)) && existing.metadata.labels?.[managedBy] === manager) {
      await client.delete(IPAddresses, { name: ip }, { preconditions: { uid: existing.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    } else if (!existing && service) {
      await client.create(IPAddresses, addressObject(ip, service)).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
    }
  },
};
