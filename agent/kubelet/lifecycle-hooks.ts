// Runs a postStart or preStop hook. upstream: pkg/kubelet/lifecycle/handlers.go
import type { Clock } from '../../src/util/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { actionHeaders, actionUrl, httpGet, isPlainAnswer } from './http-get.ts';
import { formatPod, quoted, type Container, type Pod } from './pod.ts';

export type Hook = NonNullable<NonNullable<Container['lifecycle']>['postStart']>;
export interface HookTarget { readonly pod: Pod; readonly container: Container; readonly containerId: string; readonly podIP: string }

export interface HookOptions { readonly runtime: Runtime; readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal }

/** What a command has said is a part of why it failed. */
class CommandFailure extends Error {
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** @throws Error in upstream's words when the hook fails or takes longer than `timeoutMs`. */
export async function runHook(hook: Hook, target: HookTarget, options: HookOptions): Promise<void> {
  try {
    await perform(hook, target, options);
  } catch (error) {
    const which = hook.exec ? `Exec lifecycle hook ([${(hook.exec.command ?? []).join(' ')}])` : hook.httpGet ? `HTTP lifecycle hook (${hook.httpGet.path ?? ''})` : hook.sleep ? `Sleep lifecycle hook (${hook.sleep.seconds})` : undefined;
    if (which === undefined) throw new Error(`Cannot run handler: ${(error as Error).message}`, { cause: error });
    const of = `for Container ${quoted(target.container.name)} in Pod ${quoted(formatPod(target.pod))} failed - error: ${(error as Error).message}`;
    throw new Error(`${which} ${of}${error instanceof CommandFailure ? `, message: ${quoted(error.output)}` : ''}`, { cause: error });
  }
}

async function perform(hook: Hook, target: HookTarget, { runtime, clock, timeoutMs, signal }: HookOptions): Promise<void> {
  if (hook.exec) {
    const { exitCode, stdout, stderr, timedOut } = await runtime.execSync(target.containerId, hook.exec.command ?? [], timeoutMs);
    const [command, output] = [(hook.exec.command ?? []).join(' '), Buffer.concat([stdout, stderr]).toString()];
    if (timedOut) throw new CommandFailure(`command ${quoted(command)} timed out`, output);
    if (exitCode !== 0) throw new CommandFailure(`command '${command}' exited with ${exitCode}: ${Buffer.from(stderr).toString()}`, output);
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
