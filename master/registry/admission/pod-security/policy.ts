// Which Pod security standard a namespace's labels ask for, in which version, and what a violation leads to.
// upstream: k8s.io/pod-security-admission/api (PolicyToEvaluate)
import { invalid, key, type Fault } from '../../../../src/apimachinery/fault.ts';

/** From the least to the most restrictive. */
export const levels = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof levels)[number];
/** `minor` is that of v1.x, Infinity for the latest. */
export interface LevelVersion { readonly level: Level; readonly minor: number }
/** What is refused, what is only noted for auditors, and what is warned of. */
export interface Policy { readonly enforce: LevelVersion; readonly audit: LevelVersion; readonly warn: LevelVersion }

export const compareLevels = (a: Level, b: Level): number => levels.indexOf(a) - levels.indexOf(b);
export const levelVersionText = ({ level, minor }: LevelVersion): string => `${level}:${minor === Infinity ? 'latest' : `v1.${minor}`}`;
export const sameLevelVersion = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.minor === b.minor;

const label = (mode: keyof Policy): string => `pod-security.kubernetes.io/${mode}`;
const unlabelled: LevelVersion = { level: 'privileged', minor: Infinity };

/** The policy of a namespace with these labels, and the faults of those that cannot be read: where one refuses Pods, it is as strict as can be. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): { policy: Policy; faults: Fault[] } {
  const faults: Fault[] = [];
  const refuse = (name: string, why: string): void => { faults.push(invalid(key('metadata.labels', name), labels[name], why)); };
  const known = (mode: keyof Policy): boolean => (levels as readonly (string | undefined)[]).includes(labels[label(mode)]);
  const read = (mode: keyof Policy, unreadable: Level): LevelVersion => {
    const [level, version] = [labels[label(mode)], labels[`${label(mode)}-version`]];
    if (level !== undefined && !known(mode)) refuse(label(mode), `must be one of ${levels.join(', ')}`);
    const minor = version === undefined || version === 'latest' ? Infinity : /^v1\.(0|[1-9]\d*)$/.exec(version)?.[1];
    if (minor === undefined) refuse(`${label(mode)}-version`, 'must be "latest" or "v1.x"');
    return { level: level === undefined ? unlabelled.level : known(mode) ? (level as Level) : unreadable, minor: Number(minor ?? Infinity) };
  };
  const enforce = read('enforce', 'restricted');
  const audit = read('audit', 'privileged');
  let warn = read('warn', 'privileged');
  // Who refuses Pods wants the makers of Pods to be told.
  if (labels[label('warn')] === undefined && known('enforce') && compareLevels(enforce.level, warn.level) > 0) {
    warn = { level: enforce.level, minor: labels[`${label('warn')}-version`] === undefined ? enforce.minor : warn.minor };
  }
  return { policy: { enforce, audit, warn }, faults };
}
