// The engine's event stream: container lifecycles of this cluster, and the end of one exec.
import type Docker from 'dockerode';
import { RuntimeUnavailable } from '../runtime.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { jsonLines, openStream } from './engine-stream.ts';
import { label, SANDBOX } from './names.ts';

interface EngineEvent { readonly Action: string; readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }; readonly time: number; readonly timeNano: number }

const types: Readonly<Record<string, RuntimeEvent['type']>> = {
  create: 'created', start: 'started', die: 'exited', destroy: 'removed', oom: 'oom', pause: 'paused', unpause: 'unpaused', update: 'updated',
};

/** `sinceMs`: the engine replays what happened from then on, so that nothing falls between this call and its answer. */
function read(docker: Docker, filters: Record<string, string[]>, sinceMs: number, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  const opened = openStream(docker, { path: '/events?', options: { since: (sinceMs / 1000).toFixed(3), filters }, signal });
  opened.catch(() => {}); // told to the reader below
  return (async function* () {
    try {
      yield* jsonLines<EngineEvent>(await opened, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (!signal.aborted) throw new RuntimeUnavailable('the Docker Engine ended its event stream');
  })();
}

export function containerEvents(docker: Docker, cluster: string, sinceMs: number, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  const source = read(docker, { type: ['container'], label: [`${label.cluster}=${cluster}`], event: Object.keys(types) }, sinceMs, signal);
  return (async function* () {
    for await (const { Action, Actor, time, timeNano } of source) {
      const type = types[Action];
      if (!type) continue;
      yield {
        type, containerId: Actor.ID, podUid: Actor.Attributes[label.podUid] ?? '', sandbox: Actor.Attributes[label.type] === SANDBOX,
        at: timeNano ? Math.floor(timeNano / 1e6) : time * 1000,
      };
    }
  })();
}

/** Waits for one exec's end; 137 when its container dies with it. */
export async function execEnd(docker: Docker, containerId: string, execId: string, sinceMs: number, signal: AbortSignal): Promise<number> {
  for await (const { Action, Actor } of read(docker, { type: ['container'], container: [containerId], event: ['exec_die', 'die'] }, sinceMs, signal)) {
    if (Action.startsWith('exec_die') && Actor.Attributes['execID'] === execId) return Number(Actor.Attributes['exitCode'] ?? 0);
    if (Action === 'die') return 137;
  }
  throw signal.reason;
}
