// Removes the containers of a cluster from an engine, without a runtime and without an agent.
import { engineFault, engineRequest, parseDockerHost, type EngineAnswer } from '../../../src/util/engine-http.ts';
import { label } from './names.ts';

const ROUNDS = 5;

export interface RemovalOptions {
  readonly dockerHost: string;
  readonly clusterId: string;
  readonly say: (text: string) => void;
  /** How long the engine may be silent. */
  readonly patienceMs: number;
}

/** Repeated until none is left: what an agent asked for just before it stopped, the engine carries out after it is gone. @throws EngineSilent */
export async function removeContainers(options: RemovalOptions): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) if (!(await removeListed(options))) return;
  throw new Error('containers of this cluster are made again and again: another agent seems to run for it');
}

/** How many there were. */
async function removeListed({ dockerHost, clusterId, say, patienceMs }: RemovalOptions): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${label.cluster}=${clusterId}`] }));
  const ask = (method: string, path: string): Promise<EngineAnswer> => engineRequest(parseDockerHost(dockerHost), method, path, { timeoutMs: patienceMs });
  const listed = await ask('GET', `/containers/json?all=1&filters=${filters}`);
  if (listed.status !== 200) throw new Error(`Docker Engine at ${dockerHost}: ${engineFault(listed)}`);
  const containers = JSON.parse(listed.body.toString()) as { Id: string; Labels?: Record<string, string> }[];
  if (containers.length) say(`removing ${containers.length} containers`);
  const remove = async ({ Id }: { Id: string }): Promise<void> => {
    let answer = await ask('DELETE', `/containers/${Id}?force=1&v=1`);
    // A removal is under way already, and the container is on its network until it is done.
    if (answer.status === 409) {
      await ask('POST', `/containers/${Id}/wait?condition=removed`);
      answer = await ask('DELETE', `/containers/${Id}?force=1&v=1`);
    }
    if (answer.status >= 400 && answer.status !== 404) throw new Error(`container ${Id.slice(0, 12)} could not be removed: ${engineFault(answer)}`);
  };
  // Members before the sandboxes whose namespaces they live in.
  const isSandbox = (c: { Labels?: Record<string, string> }): boolean => c.Labels?.['io.kubernetes.docker.type'] === 'podsandbox';
  await Promise.all(containers.filter((c) => !isSandbox(c)).map(remove));
  // One by one: Engine 20.10 was seen to hang when a dozen containers left one network at the same moment.
  for (const sandbox of containers.filter(isSandbox)) await remove(sandbox);
  return containers.length;
}
