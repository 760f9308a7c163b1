// Leaving a node whose engine does not do its part.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNetworkRecord, writeNetworkRecord } from '../../../agent/network/record.ts';
import { EndpointCountLost } from '../../../agent/runtime/docker/errors.ts';
import { EngineDown, leave, onFreshEngine } from '../../../agent/setup.ts';
import { EngineSilent } from '../../../src/util/engine-http.ts';

describe('leave', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'dray-leave-'));
  const dockerHost = `unix://${dataDir}/docker.sock`;
  const asked: string[] = [];
  // Removals are taken and never answered, as by an engine whose locks wait for each other.
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url!.split('?')[0]}`);
    if (request.url === '/version') response.end(JSON.stringify({ Version: '20.10.24' }));
    if (request.url!.startsWith('/containers/json')) response.end(JSON.stringify([{ Id: 'abc' }]));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(`${dataDir}/docker.sock`, resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('says that the engine hangs, and can be repeated', async () => {
    await writeNetworkRecord(dataDir, { clusterId: 'c1', nodeName: 'n1', podCIDR: '10.42.0.0/24', clusterPodCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' });
    const said: string[] = [];
    const leaving = leave({ dataDir, dockerHost, say: (text) => said.push(text), patienceMs: 1500 });
    await expect(leaving).rejects.toThrow(new EngineDown(`the Docker Engine at ${dockerHost} hangs (no answer to DELETE /containers/abc within 1.5 s); restart it and repeat this command, the rest of this cluster is left`));
    expect(asked.at(-1)).toBe('DELETE /containers/abc');
    expect(await readNetworkRecord(dataDir)).toBeDefined();
  });
});

describe('a step that a start of the engine may cure', () => {
  const lost = new AggregateError([new EndpointCountLost('lost count')], 'the network n could not be removed whole: Docker network: lost count');
  const attempt = async (faults: readonly Error[], own = true): Promise<string[]> => {
    const done: string[] = [];
    const left = [...faults];
    await onFreshEngine({ dockerHost: 'unix:///d', say: () => done.push('told'), restart: () => { done.push('restart'); return Promise.resolve(own); } }, () => {
      done.push('step');
      const fault = left.shift();
      return fault ? Promise.reject(fault) : Promise.resolve();
    });
    return done;
  };

  it.each([['one that is well', [], ['step']], ['one that hangs', [new EngineSilent('no answer')], ['step', 'restart', 'told', 'step']], ['one that has lost count', [lost], ['step', 'restart', 'told', 'step']]])('%s', async (_what, faults, done) => {
    expect(await attempt(faults)).toEqual(done);
  });
  it('is tried twice, not for ever', async () => { await expect(attempt([lost, lost])).rejects.toBe(lost); });
  it("leaves another's engine alone", async () => {
    await expect(attempt([lost], false)).rejects.toThrow(new EngineDown('the Docker Engine at unix:///d fails: the network n could not be removed whole: Docker network: lost count; restart it and repeat this command, the rest of this cluster is left'));
  });
  it('is not repeated for what no start cures', async () => {
    const other = new AggregateError([new Error('routes')], 'routes');
    await expect(attempt([other])).rejects.toBe(other);
  });
});
