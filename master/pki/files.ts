// The cluster's certificates on disk: made on first use, renewed when four fifths of their life are over or they no longer name
// what they must.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfig, readKubeconfig } from '../../src/client/kubeconfig.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { replaceFileSync } from '../../src/util/replace-file.ts';
import { createAuthority, describe, issue, issueFor, type CertificateRequest, type KeyPair } from './certificates.ts';

export class Pki {
  readonly directory: string;
  readonly authority: KeyPair;
  readonly #clock: Clock;
  private constructor(directory: string, authority: KeyPair, clock: Clock) {
    this.directory = directory;
    this.authority = authority;
    this.#clock = clock;
  }

  /** Opens `<dataDir>/pki`, making the authority when there is none. */
  static async open(dataDir: string, clock: Clock = realClock): Promise<Pki> {
    const directory = join(dataDir, 'pki');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return new Pki(directory, await Pki.#authority(directory, 'ca', 'dray-ca'), clock);
  }
  static async #authority(directory: string, name: string, commonName: string): Promise<KeyPair> {
    const read = Pki.#read(directory, name);
    if (read) return read;
    const authority = await createAuthority(commonName);
    Pki.#write(directory, name, authority);
    return authority;
  }
  /** An authority beside the cluster's, made when there is none. */
  ownAuthority(name: string): Promise<KeyPair> { return Pki.#authority(this.directory, name, name); }
  static #read(directory: string, name: string): KeyPair | undefined {
    const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
    return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined;
  }
  static #write(directory: string, name: string, pair: KeyPair): void {
    replaceFileSync(join(directory, `${name}.key`), pair.key);
    replaceFileSync(join(directory, `${name}.crt`), pair.cert);
  }

  /** The pair called `name`, issued again when it is missing, has to be renewed or lacks a name of the request. */
  async pair(name: string, request: CertificateRequest, authority = this.authority): Promise<KeyPair> {
    const current = Pki.#read(this.directory, name);
    if (current) {
      const { names, renewAt } = describe(current.cert);
      const wanted = [...(request.dnsNames ?? []), ...(request.ips ?? [])];
      if (this.#clock.now() < renewAt && wanted.every((n) => names.includes(n))) return current;
    }
    const pair = await issue(authority, request, this.#clock.now());
    Pki.#write(this.directory, name, pair);
    return pair;
  }

  /** Writes a kubeconfig for a client certificate, unless there is one that serves; agents renew their own. Resolves with when to look again. */
  async writeKubeconfig(file: string, server: string, client: { name: string; commonName: string; organization: string }): Promise<number> {
    const kept = this.#serves(file, server, client.commonName);
    if (kept !== undefined) return kept;
    const pair = await this.pair(client.name, { commonName: client.commonName, organizations: [client.organization], usage: 'client' });
    replaceFileSync(file, kubeconfig({ server, ca: this.authority.cert, cert: pair.cert, key: pair.key }, { cluster: 'dray', user: client.name }));
    return describe(pair.cert).renewAt;
  }
  writeAdmin(file: string, server: string): Promise<number> {
    return this.writeKubeconfig(file, server, { name: 'admin', commonName: 'kubernetes-admin', organization: 'system:masters' });
  }
  writeNode(file: string, server: string, node: string): Promise<number> {
    return this.writeKubeconfig(file, server, { name: `node-${node}`, commonName: `system:node:${node}`, organization: 'system:nodes' });
  }
  /** What was made here for a node that is taken out is not handed out again. */
  forgetNode(node: string): void { for (const end of ['crt', 'key']) rmSync(join(this.directory, `node-${node}.${end}`), { force: true }); }
  /** A certificate for the key an agent keeps. @throws Error when that is no public key */
  nodeCertificate(node: string, publicKey: string): Promise<string> {
    return issueFor(this.authority, { commonName: `system:node:${node}`, organizations: ['system:nodes'], usage: 'client' }, publicKey, this.#clock.now());
  }

  /** When the credentials in a kubeconfig have to be renewed; undefined when they serve no more, or for another server or user. */
  #serves(file: string, server: string, commonName: string): number | undefined {
    if (!existsSync(file)) return undefined;
    try {
      const access = readKubeconfig(file);
      const [certificate, authority] = [new X509Certificate(access.cert), new X509Certificate(this.authority.cert)];
      const { commonName: found, renewAt } = describe(access.cert);
      const ours = access.ca === this.authority.cert && certificate.verify(authority.publicKey) && certificate.checkPrivateKey(createPrivateKey(access.key));
      return ours && access.server === server && found === commonName && this.#clock.now() < renewAt ? renewAt : undefined;
    } catch {
      // Half a file, or somebody else's: it is written anew.
      return undefined;
    }
  }
}
