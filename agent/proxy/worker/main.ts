// A proxy worker process: carries the traffic of one network namespace, outlives the agent that started it, and serves the
// last rules at once when it starts again. `main.js --role service|node --data-dir DIR
// --program-version V`
import { rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { realClock } from '../../../src/util/clock.ts';
import { createLog } from '../../../src/util/log.ts';
import { askThrough, HostResolvers } from '../../dns/host-resolvers.ts';
import { createAsk } from '../../dns/upstream.ts';
import type { ProxyRules, WorkerRole } from '../rules.ts';
import { ControlServer } from './control.ts';
import { handOver, receiveHandles, reportReady } from './handover.ts';
import { protocolVersion } from './protocol.ts';
import { drainingFile, hostResolversFile, loadRules, RulesWriter, rulesFile, socketFile } from './rules-file.ts';
import { ProxyWorker, type Handles } from './worker.ts';

/** After a handover, long-lived connections may go on in this process for so long. */
const drainMs = 600_000;

const { values } = parseArgs({ options: { role: { type: 'string' }, 'data-dir': { type: 'string' }, 'program-version': { type: 'string' }, 'general-path': { type: 'boolean' } } });
const role = values.role as WorkerRole;
const dataDir = values['data-dir'];
if ((role !== 'service' && role !== 'node') || !dataDir) {
  process.stderr.write('proxy worker: --role service|node and --data-dir are required\n');
  process.exit(2);
}
const log = createLog({ name: `proxy-${role}` });
// One broken connection must never end the traffic of all others.
process.on('uncaughtException', (error) => log.error({ error }, 'uncaught error'));
process.on('unhandledRejection', (error) => log.error({ error }, 'unhandled rejection'));
process.on('SIGHUP', () => log.info({}, 'SIGHUP ignored'));

const hostResolvers = new HostResolvers(createAsk(realClock));
const worker = new ProxyWorker({ role, clock: realClock, log, ...(role === 'service' ? { askHost: askThrough(hostResolversFile(dataDir), realClock) } : {}), plainPath: !values['general-path'], onErrorsChanged: (errors) => control.errorsChanged(errors) });
const writer = new RulesWriter(rulesFile(dataDir, role));
let stopping = false;

const control = new ControlServer(socketFile(dataDir, role), {
  hello: () => ({ type: 'hello', protocol: protocolVersion, version: values['program-version'] ?? '', role, pid: process.pid, applied: worker.rules.revision }),
  async rules(rules, step) {
    const errors = await applyRules(rules);
    // Once a successor has been started, the file is its own.
    if (!stopping) writer.write(rules, step).catch((error: unknown) => log.warn({ error }, 'rules not saved'));
    return errors;
  },
  stop: () => void stop(),
  handover: (argv) => void startHandover(argv),
});

function applyRules(rules: ProxyRules, handles?: Handles): ReturnType<ProxyWorker['apply']> {
  log.debug({ revision: rules.revision, ports: rules.ports.length }, 'rules received');
  return worker.apply(rules, handles);
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({}, 'stopping');
  control.stopListening();
  await worker.close();
  // The agents' connections end with the process: whoever asked for the end then knows that nothing is written any more.
  process.exit(0);
}

async function startHandover(argv: readonly string[]): Promise<void> {
  if (stopping) return;
  stopping = true;
  await writer.settled();
  try {
    await handOver(argv, worker.handles(), () => control.stopListening());
  } catch (error) {
    log.error({ error }, 'handover failed');
    stopping = false;
    await control.open().catch((again: unknown) => log.error({ error: again }, 'control socket lost'));
    // The agent asks again, or goes on with this worker.
    control.dropAgents();
    return;
  }
  // Only now: an agent that dials before the successor listens would find nobody and start one worker more.
  control.dropAgents();
  log.info({ connections: worker.connections }, 'handed over, draining');
  const trace = drainingFile(dataDir!, role, process.pid);
  process.once('exit', () => rmSync(trace, { force: true }));
  writeFileSync(trace, '');
  realClock.after(drainMs, () => process.exit(0));
  await worker.drain();
  process.exit(0);
}

process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => log.info({}, 'SIGINT ignored'));

try {
  const handles = await receiveHandles();
  const saved = await loadRules(rulesFile(dataDir, role));
  if (saved) await applyRules(saved, handles);
  if (role === 'node') await hostResolvers.open(hostResolversFile(dataDir));
  await control.open();
} catch (error) {
  // Without a control socket nobody could ever tell this process anything.
  log.error({ error }, 'worker cannot start');
  process.exit(1);
}
reportReady();
if (process.connected) process.once('disconnect', () => process.removeAllListeners('message'));
log.info({ revision: worker.rules.revision, pid: process.pid }, 'worker ready');
