// What a person may set of the master, for `dray up`.
import { settingsOf } from './settings.ts';

export interface MasterSettings {
  /** Path of a KubeSchedulerConfiguration. */
  readonly schedulerConfig?: string;
}

export const masterSettings = settingsOf<MasterSettings>({ schedulerConfig: '--scheduler-config' });
