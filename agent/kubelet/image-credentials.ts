// Which credentials of a Pod's imagePullSecrets belong to an image, in the order in which they are tried. Pure.
// upstream: pkg/credentialprovider/keyring.go, config.go, secrets/secrets.go
import type { RegistryAuth } from '../runtime/runtime.ts';

interface Entry { readonly username?: string; readonly password?: string; readonly auth?: string; readonly identitytoken?: string }
/** The data of a pull secret: base64 by key. */
export interface PullSecret { readonly type?: string | undefined; readonly data?: Readonly<Record<string, string>> | undefined }

const hub = 'docker.io';
/** The key under which `docker login` keeps what Docker Hub takes. */
const hubKey = 'index.docker.io';

/** An image's repository with its registry, without tag and digest: `nginx:1` is `docker.io/library/nginx`. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const [registry, path] = isRegistry ? [first === hubKey ? hub : first, name.slice(slash + 1)] : [hub, name];
  return registry === hub && !path.includes('/') ? `${registry}/library/${path}` : `${registry}/${path}`;
}

/** One part of a host name against a pattern of `*` and classes (`?` begins a query in a URL); what is no pattern matches nothing. upstream: filepath.Match */
function partMatches(pattern: string, part: string): boolean {
  const text = pattern.replace(/\[(\^?)([^\]\\]+)\]|[*.+?^${}()|[\]\\]/g, (found, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not}${set.replace(/\[/g, '\\[')}]`;
    return found === '*' ? '.*' : `\\${found}`;
  });
  try {
    return new RegExp(`^${text}$`, 's').test(part);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

interface Place { readonly host: readonly string[]; readonly port: string; readonly path: string }
function placeOf(text: string): Place {
  const [, authority = '', path = ''] = /^([^/]*)(.*)$/s.exec(text) ?? [];
  const [, host = authority, port = ''] = /^(.*):(\d*)$/.exec(authority) ?? [];
  return { host: host.split('.'), port, path };
}
/** The same port, as many parts of the name, each of which matches, and a path that begins alike. */
function covers(key: string, repository: string): boolean {
  const [pattern, wanted] = [placeOf(key), placeOf(repository)];
  return pattern.port === wanted.port && pattern.host.length === wanted.host.length && wanted.path.startsWith(pattern.path) && pattern.host.every((part, i) => partMatches(part, wanted.host[i]!));
}

/** A key as it is compared: no scheme, and a version of the registry's API is no path. */
function normalized(key: string): string {
  const [, authority = '', path = ''] = /^(?:https?:\/\/)?([^/?#]*)([^?#]*)/.exec(key) ?? [];
  const effective = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return effective === '/' ? authority : authority + effective;
}

function entriesOf({ type, data = {} }: PullSecret): Record<string, Entry> {
  const read = (key: string): unknown => (data[key] ? JSON.parse(Buffer.from(data[key], 'base64').toString()) : undefined);
  if (type === 'kubernetes.io/dockerconfigjson') return (read('.dockerconfigjson') as { auths?: Record<string, Entry> } | undefined)?.auths ?? {};
  return type === 'kubernetes.io/dockercfg' ? ((read('.dockercfg') as Record<string, Entry> | undefined) ?? {}) : {};
}

function authOf(entry: Entry, serverAddress: string): RegistryAuth {
  const [username, password] = entry.auth ? userAndPassword(entry.auth) : [entry.username, entry.password];
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(entry.identitytoken ? { identityToken: entry.identitytoken } : {}), serverAddress };
}
function userAndPassword(auth: string): [string, string] {
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error('unable to parse auth field, must be formatted as base64(username:password)');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** What may open the image's registry: longer keys first, under one key in the order of the secrets. @throws Error when a secret cannot be read. */
export function credentialsFor(image: string, secrets: readonly PullSecret[]): RegistryAuth[] {
  const repository = repositoryOf(image);
  const server = repository.slice(0, repository.indexOf('/'));
  const ring = new Map<string, RegistryAuth[]>();
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      const place = normalized(key);
      ring.set(place, [...(ring.get(place) ?? []), authOf(entry, server)]);
    }
  }
  const found = [...ring].filter(([key]) => covers(key, repository)).sort(([a], [b]) => (a < b ? 1 : -1)).flatMap(([, list]) => list);
  return found.length === 0 && server === hub ? (ring.get(hubKey) ?? []) : found;
}
