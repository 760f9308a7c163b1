// Runs the controllers and the scheduler against the API, each under its own name, sharing one set of informers.
import { Events } from '../src/api/core/event.ts';
import { Client } from '../src/client/client.ts';
import { InformerFactory } from '../src/client/informer.ts';
import type { Transport } from '../src/client/transport.ts';
import { ControllerRunner } from '../src/controller/runner.ts';
import type { Clock } from '../src/util/clock.ts';
import type { Log } from '../src/util/log.ts';
import { createControllers, type ControllerOptions } from './controllers/index.ts';
import { controllerUser, managerUser, schedulerUser } from './identities.ts';
import type { User } from './registry/request-context.ts';
import type { SchedulerConfiguration } from './scheduler/profiles/configuration.ts';
import { runScheduler } from './scheduler/scheduler.ts';

export interface ControlPlaneOptions extends ControllerOptions {
  readonly transport: (user: User) => Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: upstream's defaults. */
  readonly scheduler?: SchedulerConfiguration;
}

/** Resolves when the signal aborts and every loop has ended. */
export async function runControlPlane(options: ControlPlaneOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, transport, scheduler } = options;
  const informers = new InformerFactory(new Client(transport(managerUser)), { clock, log });
  const runners = createControllers(options).map((controller) =>
    new ControllerRunner(controller, { client: new Client(transport(controllerUser(controller.name))), informers, events: Events, clock, log }));
  const scheduling = runScheduler({ client: new Client(transport(schedulerUser)), informers, clock, log, signal, events: Events, ...(scheduler ? { configuration: scheduler } : {}) });
  informers.start(signal);
  await Promise.all([...runners.map((r) => r.run(signal)), scheduling]);
}
