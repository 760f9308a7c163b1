// Reads a KubeSchedulerConfiguration: decoded strictly, filled in, judged whole, and turned into the scheduler's profiles. Pure.
// upstream: cmd/kube-scheduler/app/options/configfile.go, pkg/scheduler/apis/config/validation/validation.go
import { aggregate } from '../../../src/apimachinery/aggregate.ts';
import { child, duplicate, forbidden, index, invalid, required, type Fault } from '../../../src/apimachinery/fault.ts';
import { decode } from '../../../src/schema/decode.ts';
import { argumentTypes, configuration, type Configurable, type Configuration, type ProfileConfiguration } from './configuration-types.ts';
import { extensionPoints } from './extension-points.ts';
import { argumentReaders } from './plugin-arguments.ts';
import type { PluginSets } from './plugin-sets.ts';
import { defaultSchedulerName, profileOf, type Profile, type ProfileOptions } from './profile.ts';

/** How a scheduler works. */
export interface SchedulerConfiguration {
  readonly profiles: readonly Profile[];
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}
export const defaultConfiguration: SchedulerConfiguration = { profiles: [profileOf()], initialBackoffMs: 1_000, maxBackoffMs: 10_000 };

/** A document's value, and the paths of what stands twice in it. */
export interface ConfigurationDocument { readonly value: unknown; readonly duplicates: readonly string[] }

const group = 'kubescheduler.config.k8s.io';
const apiVersion = `${group}/v1`;
const kind = 'KubeSchedulerConfiguration';
/** Plugins of clouds' disks that upstream has no more. */
const removedPlugins = new Set(['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits']);

/** @throws Error of one line, in upstream's words, that tells all that is wrong */
export function readConfiguration({ value, duplicates }: ConfigurationDocument): SchedulerConfiguration {
  checkHead(value);
  const unknown: string[] = [];
  const config = decode(configuration, value, { unknown }) as Configuration;
  const strict = [...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`), ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
  const { profiles, faults } = readProfiles(config, strict);
  if (strict.length) throw new Error(`strict decoding error: ${strict.join(', ')}`);
  const all = [...ownFaults(config), ...faults];
  if (all.length) throw new Error(aggregate(all.map(({ field, message }) => `${field}: ${message}`)));
  return {
    profiles: profiles.map((options) => {
      try {
        return profileOf(options);
      } catch (error) {
        throw new Error(`initializing profiles: creating profile for scheduler name ${options.schedulerName}: ${(error as Error).message}`, { cause: error });
      }
    }),
    initialBackoffMs: (config.podInitialBackoffSeconds ?? 1) * 1000, maxBackoffMs: (config.podMaxBackoffSeconds ?? 10) * 1000,
  };
}


function checkHead(value: unknown): void {
  const { apiVersion: version = '', kind: is = '' } = typeof value === 'object' && value !== null ? (value as { apiVersion?: unknown; kind?: unknown }) : {};
  if (!is) throw new Error(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (!version) throw new Error(`Object 'apiVersion' is missing in '${JSON.stringify(value)}'`);
  if (is !== kind || version !== apiVersion) throw new Error(`no kind ${JSON.stringify(is)} is registered for version ${JSON.stringify(version)}; what is read is ${kind} of ${apiVersion}`);
}

function ownFaults({ parallelism = 16, profiles = [], percentageOfNodesToScore, podInitialBackoffSeconds: initial = 1, podMaxBackoffSeconds: most = 10, leaderElection, extenders = [] }: Configuration): Fault[] {
  const faults: Fault[] = [];
  if (leaderElection?.leaderElect !== false && (leaderElection?.resourceLock ?? 'leases') !== 'leases') faults.push(invalid('leaderElection.resourceLock', leaderElection!.resourceLock, 'resourceLock value must be "leases"'));
  if (parallelism <= 0) faults.push(invalid('parallelism', parallelism, 'should be an integer value greater than zero'));
  profiles.forEach(({ schedulerName }, i) => {
    const first = profiles.findIndex((other) => other.schedulerName === schedulerName);
    if (first < i) faults.push(duplicate(`profiles[${i}].schedulerName`, schedulerName));
  });
  faults.push(...percentageFaults('percentageOfNodesToScore', percentageOfNodesToScore));
  if (initial <= 0) faults.push(invalid('podInitialBackoffSeconds', initial, 'must be greater than 0'));
  if (most < initial) faults.push(invalid('podMaxBackoffSeconds', most, 'must be greater than or equal to PodInitialBackoffSeconds'));
  if (extenders.length) faults.push(forbidden('extenders', 'this scheduler has no extenders'));
  return faults;
}
const percentageFaults = (path: string, value: number | undefined): Fault[] => (value !== undefined && (value < 0 || value > 100) ? [invalid(path, value, 'not in valid range [0-100]')] : []);

/** `strict` gets what is misspelt in arguments. */
function readProfiles(config: Configuration, strict: string[]): { profiles: ProfileOptions[]; faults: Fault[] } {
  // Only a single profile has a name without being given one.
  const given = config.profiles?.length ? config.profiles : [{}];
  const only = given.length === 1 ? { schedulerName: defaultSchedulerName } : {};
  const faults: Fault[] = [];
  const profiles = given.map((own, i) => readProfile({ ...only, ...own }, `profiles[${i}]`, config.percentageOfNodesToScore ?? 0, faults, strict));
  return { profiles, faults };
}

function readProfile(profile: ProfileConfiguration, path: string, percentage: number, faults: Fault[], strict: string[]): ProfileOptions {
  const { schedulerName = '', percentageOfNodesToScore = percentage, pluginConfig = [] } = profile;
  const plugins = (profile.plugins ?? {}) as PluginSets;
  if (!schedulerName) faults.push(required(child(path, 'schedulerName')));
  faults.push(...percentageFaults(child(path, 'percentageOfNodesToScore'), profile.percentageOfNodesToScore));
  const removed = (at: string, name: string): Fault[] => (removedPlugins.has(name) ? [invalid(at, name, `was invalid in version "v1" (${kind} is version ${JSON.stringify(apiVersion)})`)] : []);
  for (const point of extensionPoints) plugins[point]?.enabled?.forEach(({ name }, i) => faults.push(...removed(index(child(path, `plugins.${point}.enabled`), i), name)));
  const args: Record<string, unknown> = {};
  pluginConfig.forEach(({ name, args: raw }, i) => {
    const at = index(child(path, 'pluginConfig'), i);
    if (pluginConfig.findIndex((other) => other.name === name) < i) faults.push(duplicate(at, name));
    faults.push(...removed(at, name));
    if (!Object.hasOwn(argumentTypes, name)) return;
    args[name] = readArguments(name as Configurable, raw, at, faults, strict);
  });
  const { VolumeBinding: volumes, ...ofPlugins } = args as ProfileOptions['args'] & { VolumeBinding?: { bindTimeoutSeconds: number } };
  return { schedulerName, plugins, percentageOfNodesToScore, args: ofPlugins, ...volumes };
}

/** Arguments may name their type; another one is refused. @throws Error */
function readArguments(name: Configurable, raw: unknown, path: string, faults: Fault[], strict: string[]): unknown {
  const where = `decoding .${path}: `;
  const wanted = `${name}Args`;
  const { kind: is = wanted } = (raw ?? {}) as { kind?: string };
  if (is !== wanted) throw new Error(`${where}args for plugin ${name} were not of type ${wanted}.${group}, got ${is}.${group}`);
  const unknown: string[] = [];
  let decoded;
  try {
    decoded = decode(argumentTypes[name], raw ?? {}, { unknown });
  } catch (error) {
    throw new Error(`${where}decoding args for plugin ${name}: ${(error as Error).message}`, { cause: error });
  }
  if (unknown.length) strict.push(`${where}strict decoding error: decoding args for plugin ${name}: strict decoding error: ${unknown.map((field) => `unknown field ${JSON.stringify(field)}`).join(', ')}`);
  const { args, faults: wrong } = argumentReaders[name](decoded, child(path, 'args'));
  faults.push(...wrong);
  return args;
}
