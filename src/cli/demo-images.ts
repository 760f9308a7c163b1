// Local images for the demo and the tests, made without a registry from Debian's own packages: nginx in two versions that
// differ in what /version answers, and busybox. The same packages give the same image ids.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { command, downloadPackages, packageDepends, unpackPackage } from '../util/apt.ts';
import { engineFault, engineRequest, parseDockerHost } from '../util/engine-http.ts';
import type { EngineEndpoint } from '../util/engine-http.ts';
import { imageArchive } from '../util/image-archive.ts';
import type { ImageConfig } from '../util/image-archive.ts';
import type { TarEntry } from '../util/tar.ts';
import { nginxConfig, passwd, group } from './demo-image-files.ts';

export const DEMO_NGINX = ['dray.local/nginx:v1', 'dray.local/nginx:v2'] as const;
export const DEMO_BUSYBOX = 'dray.local/busybox:1';

export interface DemoImagesOptions {
  readonly dockerHost: string;
  readonly progress?: (step: string) => void;
}
interface DemoImage { readonly tag: string; readonly config: ImageConfig; files(packages: Unpacked): readonly TarEntry[] }
interface Unpacked { readonly busybox: TarEntry[]; readonly nginx: TarEntry[] }

/** An image made by another recipe is made again. */
const RECIPE_LABEL = 'dray.io/recipe';
const versionOf = (tag: string): string => tag.slice(tag.lastIndexOf(':') + 1);
const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

const images: readonly DemoImage[] = [
  { tag: DEMO_BUSYBOX, config: { Cmd: ['sh'], Env: environment }, files: (packages) => [...base, ...packages.busybox] },
  ...DEMO_NGINX.map((tag): DemoImage => ({
    tag,
    config: { Cmd: ['nginx', '-g', 'daemon off;'], Env: environment, StopSignal: 'SIGQUIT', ExposedPorts: { '80/tcp': {} } },
    files: (packages) => [...base, ...packages.busybox, ...packages.nginx, { path: 'etc/nginx/nginx.conf', content: nginxConfig(versionOf(tag)) }],
  })),
];
const directories = ['bin', 'dev', 'etc', 'etc/nginx', 'lib', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'usr/sbin', 'var', 'var/lib', 'var/lib/nginx', 'var/log', 'var/log/nginx'];
const base: readonly TarEntry[] = [
  ...directories.map((path): TarEntry => ({ path, type: 'directory', mode: path === 'tmp' ? 0o1777 : 0o755 })),
  { path: 'etc/passwd', content: passwd },
  { path: 'etc/group', content: group },
  { path: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
];
const recipe = createHash('sha256').update(JSON.stringify([images.map(({ tag, config }) => [tag, config]), base, DEMO_NGINX.map((tag) => nginxConfig(versionOf(tag)))])).digest('hex').slice(0, 16);

/** Makes and loads the images the engine lacks; the tags of those it made. @throws PackageError, or Error with the engine's words. */
export async function ensureDemoImages({ dockerHost, progress = () => {} }: DemoImagesOptions): Promise<string[]> {
  const endpoint = parseDockerHost(dockerHost);
  const missing: DemoImage[] = [];
  for (const image of images) if (!await exists(endpoint, image.tag)) missing.push(image);
  if (missing.length === 0) return [];
  const directory = await mkdtemp(join(tmpdir(), 'dray-images-'));
  try {
    progress("fetching Debian's nginx and busybox packages");
    const packages = await fetchPackages(directory);
    const architecture = (await command('dpkg', ['--print-architecture'])).trim();
    for (const { tag, config, files } of missing) {
      progress(`loading ${tag}`);
      const { archive } = imageArchive({ tags: [tag], architecture, config: { ...config, Labels: { [RECIPE_LABEL]: recipe } }, files: files(packages) });
      const answer = await engineRequest(endpoint, 'POST', '/images/load?quiet=1', { body: archive, contentType: 'application/x-tar' });
      const refused = /"errorDetail"/.test(answer.body.toString());
      if (answer.status !== 200 || refused) throw new Error(`cannot load ${tag}: ${engineFault(answer)}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return missing.map((image) => image.tag);
}

async function exists(endpoint: EngineEndpoint, tag: string): Promise<boolean> {
  const answer = await engineRequest(endpoint, 'GET', `/images/${tag}/json`);
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new Error(`cannot look up ${tag}: ${engineFault(answer)}`);
  const image = JSON.parse(answer.body.toString()) as { Config?: { Labels?: Record<string, string> | null } };
  return image.Config?.Labels?.[RECIPE_LABEL] === recipe;
}

async function fetchPackages(directory: string): Promise<Unpacked> {
  const root = join(directory, 'root');
  const seen = new Set<string>();
  const unpack = async (names: readonly string[]): Promise<string[]> => {
    const fresh = names.filter((name) => !seen.has(name));
    if (fresh.length === 0) return [];
    for (const name of fresh) seen.add(name);
    const files = await downloadPackages(fresh, join(directory, 'packages'));
    for (const file of files) await unpackPackage(file, root);
    return (await Promise.all(files.map(packageDepends))).flat();
  };
  let depends = await unpack(['nginx', 'nginx-common', 'busybox-static']);
  const program = join(root, 'usr/sbin/nginx');
  // Older releases and Ubuntu keep the program in a package that nginx depends on.
  if (!await isFile(program)) depends = await unpack(depends.filter((name) => /^nginx-(core|light|full)$/.test(name)).slice(0, 1));
  for (let libraries = depends; libraries.length > 0;) libraries = await unpack(libraries.filter((name) => /^(lib|zlib1g)/.test(name)));
  return { busybox: await busyboxFiles(root), nginx: await nginxFiles(root, program) };
}

async function busyboxFiles(root: string): Promise<TarEntry[]> {
  const program = await isFile(join(root, 'bin/busybox')) ? join(root, 'bin/busybox') : join(root, 'usr/bin/busybox');
  const applets = (await command(program, ['--list'])).trim().split('\n').filter((name) => name !== 'busybox').sort();
  return [
    { path: 'bin/busybox', content: await readFile(program), mode: 0o755 },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, type: 'symlink', target: 'busybox' })),
  ];
}

/** The program, its loader and exactly the libraries it maps, as the unpacked loader itself lists them. */
async function nginxFiles(root: string, program: string): Promise<TarEntry[]> {
  const names = await Promise.all(['lib', 'usr/lib'].map((place) => readdir(join(root, place)).catch(() => [])));
  const triplet = names.flat().find((name) => name.endsWith('-linux-gnu'));
  if (triplet === undefined) throw new Error('the unpacked packages have no library directory');
  const places = ['lib', 'usr/lib'].map((place) => join(root, place, triplet));
  const loaderName = process.arch === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2';
  const loader = await firstFile(places.map((place) => join(place, loaderName)));
  const listed = await command(loader, ['--library-path', places.join(':'), '--list', program]);
  const libraries = new Map([...listed.matchAll(/=> (\S+) \(0x/g)].map((match) => [basename(match[1]!), match[1]!]));
  if (/not found/.test(listed)) throw new Error(`a library of nginx is missing: ${listed.trim()}`);
  libraries.delete(loaderName);
  // glibc before 2.34 reads users and names through plug-ins.
  for (const name of ['libnss_files.so.2', 'libnss_dns.so.2']) for (const place of places) if (await isFile(join(place, name))) libraries.set(name, join(place, name));
  const loaderDirectory = process.arch === 'arm64' ? 'lib' : 'lib64';
  return [
    { path: 'usr/sbin/nginx', content: await readFile(program), mode: 0o755 },
    { path: 'etc/nginx/mime.types', content: await readFile(join(root, 'etc/nginx/mime.types')) },
    ...(loaderDirectory === 'lib' ? [] : [{ path: loaderDirectory, type: 'directory' } as const]),
    { path: `${loaderDirectory}/${loaderName}`, content: await readFile(loader), mode: 0o755 },
    { path: `lib/${triplet}`, type: 'directory' },
    ...await Promise.all([...libraries].sort().map(async ([name, path]): Promise<TarEntry> => ({ path: `lib/${triplet}/${name}`, content: await readFile(path), mode: 0o755 }))),
  ];
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;
async function firstFile(paths: readonly string[]): Promise<string> {
  for (const path of paths) if (await isFile(path)) return path;
  throw new Error(`none of ${paths.join(', ')} exists`);
}
