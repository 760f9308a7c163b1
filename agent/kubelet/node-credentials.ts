// The registry credentials a node has by itself: those that `docker login` keeps for the user the agent runs as, or a file in the
// agent's data directory. They serve every Pod of the node, after the Pod's own.
// upstream: pkg/credentialprovider/config.go (ReadDockerConfigFile), which also looks where the kubelet was started
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../src/util/log.ts';
import { credentialsFor, type PullSecret } from './image-credentials.ts';

/** In the order in which they are looked for; the first that can be read counts alone. */
export const credentialFiles = (dataDir: string, home: string): string[] => [
  ...[dataDir, join(home, '.docker'), '/.docker'].map((directory) => join(directory, 'config.json')), ...[dataDir, home, '/'].map((directory) => join(directory, '.dockercfg')),
];

/** In the form of a pull secret; undefined where the node has none. Read anew each time: a pull is rare. */
export async function nodeCredentials(files: readonly string[], log: Log): Promise<PullSecret | undefined> {
  for (const file of files) {
    try {
      const data = (await readFile(file)).toString('base64');
      const secret = file.endsWith('.json') ? { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': data } } : { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': data } };
      credentialsFor('', [secret]);
      return secret;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      // Its words could show what is in it.
      log.warn({ file, error: (error as NodeJS.ErrnoException).code ?? (error as Error).name }, 'registry credentials of this node cannot be read');
    }
  }
  return undefined;
}
