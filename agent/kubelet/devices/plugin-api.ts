// The device plugin API, version v1beta1, as it is on the wire: a plugin registers with the node, the node calls the plugin.
// upstream: k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.proto
import { makeClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { rpcWords } from '../rpc-words.ts';

export const apiVersion = 'v1beta1';

export interface PluginOptions { readonly preStartRequired: boolean; readonly getPreferredAllocationAvailable: boolean }
export interface RegisterRequest { readonly version: string; /** Its socket in the directory. */ readonly endpoint: string; readonly resourceName: string; readonly options: PluginOptions | null }
export interface Device { readonly ID: string; readonly health: string }
/** What a container needs to use its devices. */
export interface ContainerAllocation {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string; readonly readOnly: boolean }[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; /** Of r, w and m. */ readonly permissions: string }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly { readonly name: string }[];
}

type Fields = Readonly<Record<string, readonly [type: string, id: number]>>;
const message = (fields: Fields): object => ({
  fields: Object.fromEntries(Object.entries(fields).map(([name, [type, id]]) => {
    const [, key, value] = /^map<(.+),(.+)>$/.exec(type) ?? [];
    if (key) return [name, { keyType: key, type: value, id }];
    return [name, type.startsWith('repeated ') ? { rule: 'repeated', type: type.slice(9), id } : { type, id }];
  })),
});
const method = (requestType: string, responseType: string, responseStream = false): object => ({ requestType, responseType, responseStream });

const loaded = fromJSON({ nested: { v1beta1: { nested: {
  DevicePluginOptions: message({ preStartRequired: ['bool', 1], getPreferredAllocationAvailable: ['bool', 2] }),
  RegisterRequest: message({ version: ['string', 1], endpoint: ['string', 2], resourceName: ['string', 3], options: ['DevicePluginOptions', 4] }),
  Empty: message({}),
  NUMANode: message({ ID: ['int64', 1] }), TopologyInfo: message({ nodes: ['repeated NUMANode', 1] }),
  Device: message({ ID: ['string', 1], health: ['string', 2], topology: ['TopologyInfo', 3] }),
  ListAndWatchResponse: message({ devices: ['repeated Device', 1] }),
  PreStartContainerRequest: message({ devicesIds: ['repeated string', 1] }), PreStartContainerResponse: message({}),
  ContainerPreferredAllocationRequest: message({ availableDeviceIDs: ['repeated string', 1], mustIncludeDeviceIDs: ['repeated string', 2], allocationSize: ['int32', 3] }),
  PreferredAllocationRequest: message({ containerRequests: ['repeated ContainerPreferredAllocationRequest', 1] }),
  ContainerPreferredAllocationResponse: message({ deviceIDs: ['repeated string', 1] }),
  PreferredAllocationResponse: message({ containerResponses: ['repeated ContainerPreferredAllocationResponse', 1] }),
  ContainerAllocateRequest: message({ devicesIds: ['repeated string', 1] }), AllocateRequest: message({ containerRequests: ['repeated ContainerAllocateRequest', 1] }),
  Mount: message({ containerPath: ['string', 1], hostPath: ['string', 2], readOnly: ['bool', 3] }),
  DeviceSpec: message({ containerPath: ['string', 1], hostPath: ['string', 2], permissions: ['string', 3] }),
  CDIDevice: message({ name: ['string', 1] }),
  ContainerAllocateResponse: message({ envs: ['map<string,string>', 1], mounts: ['repeated Mount', 2], devices: ['repeated DeviceSpec', 3], annotations: ['map<string,string>', 4], cdiDevices: ['repeated CDIDevice', 5] }),
  AllocateResponse: message({ containerResponses: ['repeated ContainerAllocateResponse', 1] }),
  Registration: { methods: { Register: method('RegisterRequest', 'Empty') } },
  DevicePlugin: { methods: {
    GetDevicePluginOptions: method('Empty', 'DevicePluginOptions'), ListAndWatch: method('Empty', 'ListAndWatchResponse', true), GetPreferredAllocation: method('PreferredAllocationRequest', 'PreferredAllocationResponse'),
    Allocate: method('AllocateRequest', 'AllocateResponse'), PreStartContainer: method('PreStartContainerRequest', 'PreStartContainerResponse'),
  } },
} } } } as never, { keepCase: true, defaults: true, arrays: true, objects: true, longs: Number });

export const registrationService = loaded['v1beta1.Registration'] as ServiceDefinition;
export const devicePluginService = loaded['v1beta1.DevicePlugin'] as ServiceDefinition;
export const DevicePluginClient = makeClientConstructor(devicePluginService, 'v1beta1.DevicePlugin');

export const rpcError = ({ code, details }: ServiceError): Error => new Error(rpcWords(code, details));
