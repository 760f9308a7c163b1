// The thread large YAML is read in: takes texts, answers with their JSON, which the other side reads in no time.
// Compiled beside `yaml-reader.ts`, which starts it.
import { parentPort } from 'node:worker_threads';
import { parseYaml } from './yaml.ts';
import type { Read, Said } from './yaml-reader.ts';

const port = parentPort!;
port.on('message', (text: string) => port.postMessage(read(text)));
port.postMessage('ready' satisfies Said);

function read(text: string): Read {
  try {
    const { value, ...rest } = parseYaml(text);
    return { json: JSON.stringify(value), ...rest };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: error.message };
  }
}
