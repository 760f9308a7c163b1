// What a person may set of a process, kept in the data directory and handed to it as flags. What is not set is left to the process' own
// default.
type Value = string | number | boolean;

export interface Settings<T> {
  /** What is asked for, else what is known; keys without a value are absent. */
  merge(asked: T, known?: T): T;
  arguments(settings: T): string[];
  /** Each flag with what is asked for and what a running process was started with, in words. */
  changes(asked: T, known: T): [flag: string, asked: string | undefined, known: string][];
}

/** @param flags the flag of each setting */
export function settingsOf<T extends { readonly [K in keyof T]?: Value }>(flags: Readonly<Record<keyof T, string>>): Settings<T> {
  const names = Object.keys(flags) as (keyof T)[];
  return {
    merge: (asked, known) => Object.assign({}, ...names.map((name) => { const value = asked[name] ?? known?.[name]; return value === undefined ? {} : { [name]: value }; })) as T,
    arguments: (settings) => names.flatMap((name) => (settings[name] === undefined ? [] : [flags[name], String(settings[name])])),
    changes: (asked, known) => names.map((name) => [flags[name], asked[name]?.toString(), known[name]?.toString() ?? 'the defaults']),
  };
}
