// A device plugin of the tests: its own gRPC server on a socket of a directory, as a vendor's would be.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { credentials, makeClientConstructor, Server, ServerCredentials, status, type ServerWritableStream, type ServiceError, type UntypedHandleCall } from '@grpc/grpc-js';
import { devicePluginService, registrationService, rpcError, type ContainerAllocation, type Device } from '../../agent/kubelet/devices/plugin-api.ts';
import { registrationSocket } from '../../agent/kubelet/devices/plugin-directory.ts';
import { eventually } from './kubelet.ts';

const RegistrationClient = makeClientConstructor(registrationService, 'v1beta1.Registration');
type Register = (request: object, done: (error: ServiceError | null) => void) => void;

/** Registers as a plugin does. @throws what the node answers, in gRPC's words */
export async function register(directory: string, request: { version?: string; endpoint: string; resourceName: string; options?: object }): Promise<void> {
  const path = join(directory, registrationSocket);
  // Plugins wait for the socket to be made.
  await eventually(async () => { const socket = connect(path); await once(socket, 'connect'); socket.destroy(); });
  const client = new RegistrationClient(`unix:${path}`, credentials.createInsecure());
  try {
    await new Promise<void>((resolve, reject) => { (client['Register'] as unknown as Register).call(client, { version: 'v1beta1', ...request }, (error) => (error ? reject(rpcError(error)) : resolve())); });
  } finally {
    client.close();
  }
}

export interface TestPlugin {
  /** What was asked of it, in order. */
  readonly calls: [call: string, ids: readonly string[]][];
  tell(devices: Readonly<Record<string, 'Healthy' | 'Unhealthy'>>): void;
  /** Its calls fail with these words from now on, or no more. */
  fail(call: string, words: string | undefined): void;
  register(): Promise<void>;
  stop(): void;
}

/** Listens, and registers when told to. `preferred` names the devices it would take. */
export async function startPlugin(directory: string, resourceName: string, { allocation = {}, preferred, preStart }: { allocation?: Partial<ContainerAllocation>; preferred?: readonly string[]; preStart?: true } = {}): Promise<TestPlugin> {
  const endpoint = `${resourceName.replace('/', '-')}.sock`;
  const calls: [string, readonly string[]][] = [];
  const faults = new Map<string, string | undefined>();
  const watchers = new Set<ServerWritableStream<object, object>>();
  let devices: Device[] = [];
  const unary = (name: string, idsOf: (request: never) => readonly string[], answer: (ids: readonly string[]) => object): UntypedHandleCall => ((call: { request: never }, done: (error: object | null, answer?: object) => void) => {
    const ids = idsOf(call.request);
    calls.push([name, ids]);
    const details = faults.get(name);
    if (details !== undefined) done({ code: status.UNKNOWN, details });
    else done(null, answer(ids));
  }) as unknown as UntypedHandleCall;
  const server = new Server();
  server.addService(devicePluginService, {
    GetDevicePluginOptions: unary('GetDevicePluginOptions', () => [], () => ({})),
    ListAndWatch: ((stream: ServerWritableStream<object, object>) => {
      watchers.add(stream);
      stream.on('close', () => watchers.delete(stream));
      stream.write({ devices });
    }) as UntypedHandleCall,
    GetPreferredAllocation: unary('GetPreferredAllocation', ({ containerRequests: [request] }: { containerRequests: { availableDeviceIDs: string[] }[] }) => request!.availableDeviceIDs, () => ({ containerResponses: [{ deviceIDs: preferred }] })),
    Allocate: unary('Allocate', ({ containerRequests: [request] }: { containerRequests: { devicesIds: string[] }[] }) => request!.devicesIds, (ids) => ({ containerResponses: [{ ...allocation, envs: { VISIBLE: ids.join(','), ...allocation.envs } }] })),
    PreStartContainer: unary('PreStartContainer', ({ devicesIds }: { devicesIds: string[] }) => devicesIds, () => ({})),
  });
  await new Promise<void>((resolve, reject) => { server.bindAsync(`unix:${join(directory, endpoint)}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())); });
  return {
    calls,
    tell(told) {
      devices = Object.entries(told).map(([ID, health]) => ({ ID, health }));
      for (const stream of watchers) stream.write({ devices });
    },
    fail(call, words) { faults.set(call, words); },
    register: () => register(directory, { endpoint, resourceName, options: { preStartRequired: preStart ?? false, getPreferredAllocationAvailable: preferred !== undefined } }),
    stop: () => server.forceShutdown(),
  };
}
