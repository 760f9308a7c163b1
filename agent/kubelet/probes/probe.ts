// One probe of one container, by its kind of action. upstream: pkg/kubelet/prober/prober.go, pkg/probe
import { connect } from 'node:net';
import { formatDuration } from '../../../src/apimachinery/duration.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expand } from '../env.ts';
import { actionHeaders, actionUrl, dialFailure, httpGet } from '../http-get.ts';
import { resolvePort, type Container } from '../pod.ts';
import { grpcHealth } from './grpc.ts';

export type Probe = NonNullable<Container['livenessProbe']>;
export interface ProbeOutcome { readonly result: 'success' | 'failure' | 'warning'; readonly output: string }
export interface ProbeTarget { readonly container: Container; readonly containerId: string; readonly podIP: string }

/** Whether it is made to the Pod's address. */
export const needsAddress = ({ exec, httpGet: get, tcpSocket }: Probe): boolean => !exec && !get?.host && !tcpSocket?.host;

const maxOutput = 10 * 1024;

/** @throws Error when the probe itself could not be made: its result is then not counted. */
export async function runProbe(runtime: Runtime, probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec) return execProbe(runtime, expanded(probe.exec.command ?? [], target.container), target, timeoutMs);
  if (probe.httpGet) return httpProbe(actionUrl(probe.httpGet, target.container, target.podIP), actionHeaders(probe.httpGet, 'probe'), timeoutMs);
  if (probe.tcpSocket) return tcpProbe(probe.tcpSocket.host || target.podIP, resolvePort(probe.tcpSocket.port, target.container), timeoutMs);
  if (probe.grpc) return grpcHealth(target.podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutMs);
  throw new Error(`missing probe handler for ${target.container.name}`);
}

/** By what is written in the container's env, and by nothing that is looked up. upstream: container/helpers.go (ExpandContainerCommandOnlyStatic) */
function expanded(command: readonly string[], { env = [] }: Container): string[] {
  const values = new Map(env.map(({ name, value = '' }) => [name, value]));
  return command.map((word) => expand(word, (name) => values.get(name)));
}

async function execProbe(runtime: Runtime, command: readonly string[], { containerId }: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  const { exitCode, stdout, stderr, timedOut } = await runtime.execSync(containerId, command, timeoutMs);
  if (timedOut) return { result: 'failure', output: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${formatDuration(timeoutMs)}` };
  const output = Buffer.concat([stdout, stderr]).subarray(0, maxOutput).toString();
  return { result: exitCode === 0 ? 'success' : 'failure', output };
}

async function httpProbe(url: URL, headers: Record<string, string | string[]>, timeoutMs: number): Promise<ProbeOutcome> {
  try {
    const { statusCode, body } = await httpGet(url, headers, timeoutMs);
    if (statusCode >= 300 && statusCode < 400) return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
    if (statusCode >= 200 && statusCode < 300) return { result: 'success', output: body };
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${statusCode}` };
  } catch (error) {
    return { result: 'failure', output: (error as Error).message };
  }
}

function tcpProbe(host: string, port: number, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result: ProbeOutcome['result'], output: string): void => {
      socket.destroy();
      resolve({ result, output });
    };
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    socket.setTimeout(timeoutMs, () => end('failure', `dial tcp ${address}: i/o timeout`));
    socket.on('connect', () => end('success', ''));
    socket.on('error', (error: NodeJS.ErrnoException) => end('failure', dialFailure(host, address, error) ?? `dial tcp ${address}: ${error.message}`));
  });
}
