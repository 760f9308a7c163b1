// The containers of a cluster that is taken off its engine, while the engine is still at what an agent asked for.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeContainers } from '../../../../../agent/runtime/docker/remove-containers.ts';

describe('removeContainers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dray-remove-'));
  const asked: string[] = [];
  let containers: { Id: string; Labels?: Record<string, string> }[] = [];
  let answer: (question: string) => [status: number, message?: string] = () => [204];
  const end = (response: ServerResponse, status: number, body?: unknown): void => {
    response.statusCode = status;
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    const question = `${request.method} ${request.url!.split('?')[0]!}`;
    asked.push(question);
    if (question === 'GET /containers/json') end(response, 200, containers);
    else {
      const [status, message] = answer(question);
      end(response, status, message === undefined ? undefined : { message });
    }
  });
  const remove = (): Promise<void> => removeContainers({ dockerHost: `unix://${directory}/docker.sock`, clusterId: 'c1', say: () => {}, patienceMs: 60_000 });
  beforeAll(() => new Promise<void>((resolve) => server.listen(`${directory}/docker.sock`, resolve)));
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => { asked.length = 0; });

  it('waits for a removal that is under way', async () => {
    let removals = 0;
    containers = [{ Id: 'abc' }];
    answer = (question) => {
      if (question !== 'DELETE /containers/abc') containers = [];
      else if (++removals === 1) return [409, 'removal of container abc is already in progress'];
      return [question.startsWith('POST') ? 200 : 404];
    };
    await remove();
    expect(asked).toEqual(['GET /containers/json', 'DELETE /containers/abc', 'POST /containers/abc/wait', 'DELETE /containers/abc', 'GET /containers/json']);
  });

  it('takes members before sandboxes, and comes back for what was made meanwhile', async () => {
    containers = [{ Id: 'sandbox', Labels: { 'io.kubernetes.docker.type': 'podsandbox' } }, { Id: 'member' }];
    answer = (question) => {
      containers = question.endsWith('/late') ? [] : [{ Id: 'late' }];
      return [204];
    };
    await remove();
    expect(asked).toEqual(['GET /containers/json', 'DELETE /containers/member', 'DELETE /containers/sandbox', 'GET /containers/json', 'DELETE /containers/late', 'GET /containers/json']);
  });

  it("gives the engine's own words when it refuses", async () => {
    containers = [{ Id: 'abc' }];
    answer = () => [500, 'driver failed to remove root filesystem'];
    await expect(remove()).rejects.toThrow('container abc could not be removed: driver failed to remove root filesystem');
  });

  it('says so when containers keep coming', async () => {
    containers = [{ Id: 'abc' }];
    answer = () => [204];
    await expect(remove()).rejects.toThrow('containers of this cluster are made again and again');
  });
});
