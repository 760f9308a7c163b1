// Tokens for Pods' service accounts, asked of the API through the TokenRequest subresource and renewed before they expire.
// upstream: pkg/kubelet/token/token_manager.go
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import type { Client } from '../../src/client/client.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Pod } from './pod.ts';

interface Token { readonly token: string; readonly renewAt: number; readonly expiresAt: number }
const longestLife = 24 * 3600_000;

export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Map<string, Token>>();
  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Undefined when the server has no such subresource. A failure to renew is no failure while the old token is good. */
  async get(pod: Pod, { audience, expirationSeconds }: { audience: string; expirationSeconds: number }): Promise<string | undefined> {
    const ofPod = this.#tokens.get(pod.metadata.uid) ?? new Map<string, Token>();
    this.#tokens.set(pod.metadata.uid, ofPod);
    const key = `${audience}/${expirationSeconds}`;
    const now = this.#clock.now();
    const known = ofPod.get(key);
    if (known && now < known.renewAt) return known.token;
    try {
      const answer = (await this.#client.post(ServiceAccounts, { namespace: pod.metadata.namespace, name: pod.spec.serviceAccountName || 'default' }, 'token', {
        apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest',
        spec: { audiences: audience ? [audience] : [], expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid } },
      })) as { status: { token: string; expirationTimestamp: string } };
      const expiresAt = Date.parse(answer.status.expirationTimestamp);
      const token = { token: answer.status.token, expiresAt, renewAt: Math.min(now + (expiresAt - now) * 0.8, now + longestLife) };
      ofPod.set(key, token);
      return token.token;
    } catch (error) {
      if (known && now < known.expiresAt) return known.token;
      // An answer about no object at all means that the path is unknown; a missing service account is an error.
      if (error instanceof StatusError && error.code === 404 && !error.status.details?.name) return undefined;
      throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error });
    }
  }
  forget(uid: string): void { this.#tokens.delete(uid); }
}
