// Reads the file `--scheduler-config` names.
import { readFileSync } from 'node:fs';
import { parseYaml } from './apiserver/yaml.ts';
import { readConfiguration, type SchedulerConfiguration } from './scheduler/profiles/configuration.ts';

/** @throws Error of one line that says what is wrong with the file or with what it holds */
export function readSchedulerConfigFile(file: string): SchedulerConfiguration {
  try {
    const { value, duplicates } = parseYaml(readFileSync(file, 'utf8'));
    return readConfiguration({ value, duplicates });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file or directory' : message.split('\n')[0]!;
    throw new Error(`--scheduler-config: ${file}: ${why}`, { cause: error });
  }
}
