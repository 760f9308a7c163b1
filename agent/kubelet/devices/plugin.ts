// One device plugin that has registered: the devices it tells of for as long as it is there, and the calls it answers.
// upstream: pkg/kubelet/cm/devicemanager/plugin/v1beta1/client.go, endpoint.go
import { credentials, type Client, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { DevicePluginClient, rpcError, type ContainerAllocation, type Device, type PluginOptions } from './plugin-api.ts';

interface Calls {
  ListAndWatch(request: object): ClientReadableStream<{ devices: Device[] }>;
  Allocate: Call<{ containerResponses: ContainerAllocation[] }>;
  GetPreferredAllocation: Call<{ containerResponses: { deviceIDs: string[] }[] }>;
  PreStartContainer: Call<object>;
}
type Call<Answer> = (request: object, options: { deadline: number }, done: (error: ServiceError | null, answer?: Answer) => void) => void;

/** In ms. upstream: the contexts of Allocate (none, bounded here) and PreStartContainer (KubeletPreStartContainerRPCTimeoutInSecs) */
const timeouts = { Allocate: 30_000, GetPreferredAllocation: 30_000, PreStartContainer: 30_000 };

export class DevicePlugin {
  readonly resource: string;
  readonly options: PluginOptions;
  readonly #client: Client & Calls;
  #closed = false;

  /** `told` is called with each list of all its devices, `ended` once, when it has gone or was closed. */
  constructor(resource: string, socket: string, options: PluginOptions, told: (devices: readonly Device[]) => void, ended: (error: Error | undefined) => void) {
    this.resource = resource;
    this.options = options;
    this.#client = new DevicePluginClient(`unix:${socket}`, credentials.createInsecure()) as unknown as Client & Calls;
    const lists = this.#client.ListAndWatch({});
    let over = false;
    const end = (error?: Error): void => {
      if (over) return;
      over = true;
      this.close();
      ended(error);
    };
    lists.on('data', ({ devices }: { devices: Device[] }) => { if (!over) told(devices); });
    lists.on('error', (error: ServiceError) => end(this.#closed ? undefined : rpcError(error)));
    lists.on('end', () => end());
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  /** @throws Error in gRPC's words */
  async allocate(devicesIds: readonly string[]): Promise<ContainerAllocation> {
    const { containerResponses } = await this.#call('Allocate', { containerRequests: [{ devicesIds }] });
    const [allocation] = containerResponses;
    if (!allocation) throw new Error(`no containers return in allocation response`);
    return allocation;
  }
  /** Which of those available it would take, `mustInclude` among them. @throws Error in gRPC's words */
  async preferred(availableDeviceIDs: readonly string[], mustIncludeDeviceIDs: readonly string[], allocationSize: number): Promise<readonly string[]> {
    const { containerResponses } = await this.#call('GetPreferredAllocation', { containerRequests: [{ availableDeviceIDs, mustIncludeDeviceIDs, allocationSize }] });
    return containerResponses[0]?.deviceIDs ?? [];
  }
  /** @throws Error in gRPC's words */
  async preStartContainer(devicesIds: readonly string[]): Promise<void> { await this.#call('PreStartContainer', { devicesIds }); }

  #call<Name extends keyof typeof timeouts>(name: Name, request: object): Promise<Calls[Name] extends Call<infer Answer> ? Answer : never> {
    return new Promise((resolve, reject) => {
      (this.#client[name] as Call<never>).call(this.#client, request, { deadline: Date.now() + timeouts[name] }, (error, answer) => (error ? reject(rpcError(error)) : resolve(answer as never)));
    });
  }
}
