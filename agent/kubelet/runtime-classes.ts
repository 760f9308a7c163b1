// Which of the engine's runtimes runs a Pod, by its RuntimeClass. upstream: pkg/kubelet/runtimeclass/runtimeclass_manager.go
import { RuntimeClasses } from '../../src/api/node/runtime-class.ts';
import type { Client } from '../../src/client/client.ts';
import { formatPod, quoted, type Pod } from './pod.ts';

/** '' when the Pod leaves it to the engine. @throws Error when its class cannot be had. */
export async function runtimeHandlerOf(client: Client, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName;
  if (!name) return '';
  const found = await client.get(RuntimeClasses, { name }).catch((error: Error) => { throw new Error(`Failed to create sandbox for pod ${quoted(formatPod(pod))}: ${error.message}`, { cause: error }); });
  return found.handler;
}
