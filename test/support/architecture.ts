// The house rules as data, and the checker that reads sources against them: who may import whom, where a package may be
// used, and how a file begins. The checker works on texts, so that it can be tried on sources that break the rules.
export interface Source { readonly path: string; readonly text: string }
export interface Import { readonly specifier: string; /** Gone after compilation. */ readonly typeOnly: boolean; readonly line: number }

/** What an area may import beside itself; a path that ends in `/*` is the files of a folder without its folders. `types`: only what compilation removes. */
export interface Area { readonly path: string; readonly imports: readonly string[]; readonly types?: readonly string[] }

const language = ['src/util', 'src/apimachinery', 'src/schema', 'src/api'];
const throughClient = [...language, 'src/client'];

/** The longest path that a file begins with is its area; a file in none is a fault. */
export const areas: readonly Area[] = [
  // The language: each layer knows those before it.
  { path: 'src/util', imports: [] },
  { path: 'src/apimachinery', imports: ['src/util'] },
  { path: 'src/schema', imports: ['src/util', 'src/apimachinery'] },
  { path: 'src/api', imports: ['src/util', 'src/apimachinery', 'src/schema'] },
  { path: 'src/streams', imports: ['src/util'] },
  { path: 'src/client', imports: language },
  { path: 'src/controller', imports: throughClient },
  { path: 'src/cli', imports: [...throughClient, 'src/controller'] },
  // The master decides. Only its main knows all its parts; scheduler and controllers know the API through a client alone.
  { path: 'master/*', imports: ['master', ...throughClient, 'src/controller', 'src/streams'] },
  { path: 'master/storage', imports: ['src/util', 'src/apimachinery'] },
  { path: 'master/registry', imports: ['master/storage', ...language] },
  { path: 'master/apiserver', imports: ['master/registry', 'master/storage', ...language, 'src/streams'], types: ['src/client'] },
  { path: 'master/rbac', imports: throughClient },
  { path: 'master/flowcontrol', imports: throughClient },
  { path: 'master/pki', imports: [...language, 'src/client'] },
  { path: 'master/scheduler', imports: throughClient },
  { path: 'master/controllers', imports: [...throughClient, 'src/controller'] },
  { path: 'master/dashboard', imports: throughClient },
  // What a browser runs knows nothing but itself.
  { path: 'master/dashboard/client', imports: [] },
  // The agent acts. Only its main knows which runtime it is.
  { path: 'agent/*', imports: ['agent', ...throughClient, 'src/streams'] },
  { path: 'agent/node', imports: [...throughClient, 'src/streams', 'agent/dns', 'agent/proxy'], types: ['agent/kubelet', 'agent/runtime', 'agent/network'] },
  { path: 'agent/kubelet', imports: [...throughClient, 'src/streams', 'agent/runtime/runtime.ts'] },
  { path: 'agent/runtime', imports: ['src/util', 'src/apimachinery'] },
  { path: 'agent/runtime/docker', imports: ['src/util', 'src/apimachinery', 'src/streams', 'agent/runtime/runtime.ts'], types: ['agent/network/docker-networks.ts'] },
  { path: 'agent/runtime/engine', imports: ['src/util'] },
  { path: 'agent/network', imports: throughClient },
  { path: 'agent/proxy', imports: [...throughClient, 'agent/dns'] },
  { path: 'agent/proxy/worker', imports: ['src/util', 'agent/proxy/rules.ts', 'agent/proxy/rules-change.ts', 'agent/proxy/keyed-list.ts', 'agent/dns'] },
  { path: 'agent/dns', imports: throughClient },
  { path: 'agent/logs', imports: throughClient },
  // The one place where all three meet.
  { path: 'bin/agent-options.ts', imports: language },
  { path: 'bin/master-options.ts', imports: [...language, 'bin/agent-options.ts'] },
  { path: 'bin/dray.ts', imports: ['bin', 'src', 'master', 'agent'] },
  { path: 'bench', imports: ['src'] },
  // Docker hosts to measure and to test on.
  { path: 'bench/hosts', imports: ['src/util', 'agent/runtime/engine'] },
];

/** Packages that belong to one place, so that another could take their place. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  dockerode: ['agent/runtime/docker', 'bench'],
  '@grpc/grpc-js': ['agent/kubelet/devices'], '@grpc/proto-loader': ['agent/kubelet/devices'],
  'http-proxy': ['agent/proxy/worker', 'master/apiserver/proxy'],
  lmdb: ['master/storage/embedded'],
  'dns-packet': ['agent/dns'],
  '@peculiar/x509': ['master/pki', 'src/client/certificate-request.ts'],
  commander: ['bin'],
  express: ['master/dashboard'],
  listr2: ['src/cli'],
  jose: ['master/apiserver/tokens'],
  pino: ['src/util/log.ts'],
  ws: ['src/streams'],
  protobufjs: ['src/schema'],
  '@marcbachmann/cel-js': ['src/schema/structural'],
  're2js': ['src/apimachinery'],
};

/** Files that may be longer than `longest`, each for a reason. */
export const longFiles: Readonly<Record<string, string>> = {
};
export const longest = 400;

const below = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const has = (area: Area, path: string): boolean => (area.path.endsWith('/*') ? path.slice(0, path.lastIndexOf('/')) === area.path.slice(0, -2) : below(path, area.path));

export function areaOf(path: string, known: readonly Area[] = areas): Area | undefined {
  return known.filter((a) => has(a, path)).sort((a, b) => b.path.length - a.path.length)[0];
}

/** Static, dynamic and type imports and re-exports, in order. */
export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  const pattern = /^(?:import|export)(?<type>\s+type\b)?(?:[^'"`;]*?\sfrom)?\s*['"](?<static>[^'"\n]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"\n]+)['"]/gm;
  for (const match of text.matchAll(pattern)) {
    const { type, static: fixed, dynamic } = match.groups!;
    found.push({ specifier: (fixed ?? dynamic)!, typeOnly: type !== undefined, line: text.slice(0, match.index).split('\n').length });
  }
  return found;
}

/** `../b/c.ts` seen from `a/x/y.ts`. */
function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

export const packageOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/** Faults of product code against the areas and the homes of packages, as `file:line: …`. */
export function importFaults(sources: readonly Source[], dependencies: readonly string[], known: readonly Area[] = areas): string[] {
  return sources.flatMap(({ path, text }) => {
    const area = areaOf(path, known);
    if (!area) return [`${path}:1: no area of the house has this file`];
    return importsOf(text).flatMap(({ specifier, typeOnly, line }) => {
      const fault = specifier.startsWith('.') ? localFault(path, area, resolve(path, specifier), typeOnly, known) : packageFault(path, specifier, typeOnly, dependencies);
      return fault ? [`${path}:${line}: ${fault}`] : [];
    });
  });
}

function localFault(path: string, area: Area, target: string, typeOnly: boolean, known: readonly Area[]): string | undefined {
  // A folder of an area that is an area itself is listed by its own rules, and its parent may use it.
  if (areaOf(target, known) === area || below(target, area.path)) return undefined;
  if (area.imports.some((allowed) => below(target, allowed))) return undefined;
  const types = area.types?.some((allowed) => below(target, allowed)) ?? false;
  if (types && typeOnly) return undefined;
  return types ? `may import only types from ${target}` : `${area.path} must not import ${target}`;
}

function packageFault(path: string, specifier: string, typeOnly: boolean, dependencies: readonly string[]): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  const name = packageOf(specifier);
  const homes = packageHomes[name];
  if (homes && !homes.some((home) => below(path, home))) return `${name} belongs in ${homes.join(' or ')}`;
  return dependencies.includes(name) || typeOnly ? undefined : `${name} is no dependency in package.json`;
}

/** Faults of any source file against the rules of how a file is written. */
export function styleFaults(sources: readonly Source[], exceptions: Readonly<Record<string, string>> = longFiles): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    const first = lines[0]!.startsWith('#!') ? (lines[1] ?? '') : lines[0]!;
    const faults: string[] = [];
    if (!/^(\/\/ \S|\/\*\*? ?\S?)/.test(first)) faults.push(`${path}:1: begins without a comment that says what it is for`);
    // In two pieces, so that this line is not found by itself.
    const unfinished = new RegExp(`\\b(${'TO'}DO|${'FIX'}ME|${'XX'}X)\\b`);
    lines.forEach((line, index) => { if (unfinished.test(line)) faults.push(`${path}:${index + 1}: unfinished work belongs in an issue`); });
    const count = text.endsWith('\n') ? lines.length - 1 : lines.length;
    if (count > longest && !(path in exceptions)) faults.push(`${path}:${longest}: ${count} lines; more than ${longest} are two rooms`);
    if (count <= longest && path in exceptions) faults.push(`${path}:1: is listed as long and is not`);
    return faults;
  });
}
