// What a person may set of an agent, in the same words for `dray up` and `dray join`: kept in the data directory and handed to the
// agent as flags. What is not set is left to the agent's own default.
export interface AgentSettings {
  readonly evictionHard?: string;
  readonly containerLogMaxSize?: string;
  readonly containerLogMaxFiles?: number;
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
}

const flags: Readonly<Record<keyof AgentSettings, string>> = {
  evictionHard: '--eviction-hard', containerLogMaxSize: '--container-log-max-size', containerLogMaxFiles: '--container-log-max-files',
  shutdownGracePeriod: '--shutdown-grace-period', shutdownGracePeriodCriticalPods: '--shutdown-grace-period-critical-pods',
};
const names = Object.keys(flags) as (keyof AgentSettings)[];

/** What is asked for, else what is known; keys without a value are absent. */
export function mergeSettings(asked: AgentSettings, known: AgentSettings = {}): AgentSettings {
  return Object.fromEntries(names.flatMap((name) => { const value = asked[name] ?? known[name]; return value === undefined ? [] : [[name, value]]; }));
}

export const settingArguments = (settings: AgentSettings): string[] => names.flatMap((name) => (settings[name] === undefined ? [] : [flags[name], String(settings[name])]));

/** Each flag with what is asked for and what a running agent was started with, in words. */
export const settingChanges = (asked: AgentSettings, known: AgentSettings): [flag: string, asked: string | undefined, known: string][] =>
  names.map((name) => [flags[name], asked[name]?.toString(), known[name]?.toString() ?? 'the defaults']);
