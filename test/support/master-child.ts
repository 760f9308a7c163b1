// A master without Docker as a process of its own, which a test may kill: `master-child.ts DIRECTORY PORT`. Begins at the first
// line it reads, so that loading may be over before; prints `ready`.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { runMaster } from '../../master/main.ts';
import { createLog } from '../../src/util/log.ts';

const [dataDir, port] = process.argv.slice(2) as [string, string];
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await once(process.stdin, 'data');
process.stdin.destroy();
await runMaster({
  dataDir, port: Number(port), advertiseAddress: '127.0.0.1', podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16', vxlanPort: 8472, nodePorts: { first: 30_000, last: 32_767 }, nodeNames: [],
  log: createLog({ level: 'error' }), onReady: () => { writeSync(1, 'ready\n'); },
}, stop.signal);
