// On which day a token that lives in a Secret was used last, as a label of the Secret: who wants to be rid of such tokens finds those
// nobody needs. (upstream: pkg/serviceaccount/legacy.go, patchSecretWithLastUsedDate)
import { Secrets } from '../../../src/api/core/secret.ts';
import { cloneJson } from '../../../src/util/json.ts';
import { timestamp } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Registry } from '../../registry/registry.ts';
import type { RequestContext } from '../../registry/request-context.ts';

export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const dayMs = 24 * 3600 * 1000;
const dayOf = (ms: number): string => timestamp(ms).slice(0, 10);

const ownStep = (): RequestContext => ({
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }, dryRun: false, fieldValidation: 'Ignore', fieldManager: 'kube-apiserver', warnings: [], withinAdmitted: true,
});

/** Notes a use of the Secret's token, once a day. What goes wrong keeps nobody out. */
export function lastUsedNotes(registry: Registry, log: Log): (namespace: string, name: string, nowMs: number) => Promise<void> {
  const underWay = new Map<string, Promise<void>>();
  async function write(namespace: string, name: string, today: string): Promise<void> {
    try {
      await registry.of(Secrets).update(namespace, name, (old) => {
        const { metadata, ...rest } = cloneJson(old!);
        return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, [lastUsedLabel]: today } } };
      }, { subresource: '' }, ownStep());
    } catch (error) {
      log.warn({ error, namespace, secret: name }, 'the last use of a token could not be noted');
    }
  }
  return (namespace, name, nowMs) => {
    const noted = registry.of(Secrets).find(namespace, name)?.object.metadata.labels?.[lastUsedLabel];
    const today = dayOf(nowMs);
    // Another server's clock may be ahead.
    if (noted === today || noted === dayOf(nowMs + dayMs)) return Promise.resolve();
    const key = `${namespace}/${name}`;
    let writing = underWay.get(key);
    if (!writing) underWay.set(key, (writing = write(namespace, name, today).finally(() => underWay.delete(key))));
    return writing;
  };
}
