// exec, attach and port-forward: finds the container or sandbox that is meant, refuses in upstream's words what cannot be, and
// joins the client's streams with the runtime's. upstream: pkg/kubelet/server/server.go, pkg/kubelet/kubelet_pods.go
import { acceptRemoteCommand, remoteCommandOptions } from '../../../src/streams/remote-command.ts';
import { servePortForward } from '../../../src/streams/port-forward.ts';
import { refuseUpgrade } from '../../../src/streams/upgrade.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { ExecSession, Runtime } from '../../runtime/runtime.ts';
import { quoted } from '../pod.ts';
import { containersNamed } from '../runtime-status.ts';
import { PodDialer } from './pod-dialer.ts';
import { forwardPort } from './port-forward.ts';
import { runRemoteCommand } from './remote-command.ts';
import type { StreamingHandler, StreamingTarget } from './server.ts';

export interface StreamingOptions {
  readonly runtime: Pick<Runtime, 'exec' | 'attach' | 'podSandboxStatus'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Connects to a port inside the network namespace of a sandbox; the default enters it. */
  readonly dialer?: (sandboxPid: () => Promise<number>) => Pick<PodDialer, 'connect' | 'close'>;
}

export function createStreamingHandler({ runtime, clock, log, dialer = (pid) => new PodDialer(pid, clock) }: StreamingOptions): StreamingHandler {
  return async (target, request, socket, head) => {
    const upgrade = { request, socket, head };
    if (target.verb === 'portForward') {
      const sandbox = target.status.sandboxes.find((known) => known.state === 'ready');
      if (!sandbox) {
        refuseUpgrade(socket, 500, `cannot forward ports: the sandbox of pod ${quoted(target.pod.metadata.name)} is not running`);
        return;
      }
      const dial = dialer(async () => (await runtime.podSandboxStatus(sandbox.id)).pid);
      try {
        await servePortForward(upgrade, target.query, { clock, forward: (port, data) => forwardPort(dial, port, data) });
      } finally {
        dial.close();
      }
      return;
    }

    const containerId = runningContainer(target);
    if (containerId === undefined) {
      refuseUpgrade(socket, 500, `container not found (${quoted(target.container)})`);
      return;
    }
    const asked = remoteCommandOptions(target.query);
    const session = await acceptRemoteCommand(upgrade, asked, clock);
    if (!session) return;
    const open = (): Promise<ExecSession> => target.verb === 'attach' ? runtime.attach(containerId, asked) : runtime.exec(containerId, { command: target.query.getAll('command'), ...asked });
    await runRemoteCommand(session, open, { verb: target.verb, clock, log });
  };
}

const runningContainer = ({ status, container }: StreamingTarget): string | undefined =>
  containersNamed(status, container).find((known) => known.state === 'running')?.id;
