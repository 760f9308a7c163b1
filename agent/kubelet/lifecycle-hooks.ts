// Runs a postStart or preStop hook. upstream: pkg/kubelet/lifecycle/handlers.go
import type { Clock } from '../../src/util/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { actionHeaders, actionUrl, httpGet, isPlainAnswer } from './http-get.ts';
import type { Container } from './pod.ts';

export type Hook = NonNullable<NonNullable<Container['lifecycle']>['postStart']>;
export interface HookTarget { readonly container: Container; readonly containerId: string; readonly podIP: string }

/** @throws Error when the hook fails or takes longer than `timeoutMs`. */
export async function runHook(hook: Hook, target: HookTarget, options: { runtime: Runtime; clock: Clock; timeoutMs: number; signal: AbortSignal }): Promise<void> {
  const { runtime, clock, timeoutMs, signal } = options;
  if (hook.exec) {
    const { exitCode, stdout, stderr, timedOut } = await runtime.execSync(target.containerId, hook.exec.command ?? [], timeoutMs);
    if (timedOut) throw new Error(`command '${(hook.exec.command ?? []).join(' ')}' timed out`);
    if (exitCode !== 0) throw new Error(`command '${(hook.exec.command ?? []).join(' ')}' exited with ${exitCode}: ${Buffer.concat([stderr, stdout]).toString()}`);
  } else if (hook.httpGet) {
    // Any answer will do: only a request that gets none has failed. Hooks once ignored the scheme: one that names the wrong one still works.
    const [url, headers] = [actionUrl(hook.httpGet, target.container, target.podIP), actionHeaders(hook.httpGet, 'lifecycle')];
    await httpGet(url, headers, timeoutMs).catch((error: unknown) => {
      if (url.protocol !== 'https:' || !isPlainAnswer(error)) throw error;
      const open = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
      return httpGet(new URL(url.href.replace(/^https:/, 'http:')), open, timeoutMs);
    });
  } else if (hook.sleep) {
    await clock.sleep(Math.min(hook.sleep.seconds * 1000, timeoutMs), signal);
  } else throw new Error(`invalid handler: ${JSON.stringify(hook)}`);
}
