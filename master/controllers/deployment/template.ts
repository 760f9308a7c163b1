// Pod templates of a Deployment: equality that ignores the hash label, and the hash itself.
// upstream: pkg/controller/deployment/util/deployment_util.go (EqualIgnoreHash), pkg/controller/controller_utils.go (ComputeHash)

export const podTemplateHashLabel = 'pod-template-hash';
interface Template { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }; readonly spec?: object }

/** Letters of apimachinery's rand.SafeEncodeString: no vowels and no look-alikes, so that no word comes out. */
const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with sorted keys in which absent, null, empty lists and empty objects are the same. */
export function canonicalJson(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length ? `[${value.map((item) => canonicalJson(item) ?? 'null').join()}]` : undefined;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, item]) => {
    // An emptyDir volume is told from others by its empty object.
    const text = canonicalJson(item) ?? (item && typeof item === 'object' && !Array.isArray(item) && key !== 'metadata' && key !== 'labels' && key !== 'annotations' ? '{}' : undefined);
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return entries.length ? `{${entries.join()}}` : undefined;
}

function withoutHash(template: Template): Template {
  if (!template.metadata?.labels?.[podTemplateHashLabel]) return template;
  const { [podTemplateHashLabel]: _, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

const texts = new WeakMap<object, string>();
/** Cached objects are frozen, so their text never changes. */
function textOf(template: Template): string {
  let text = texts.get(template);
  if (text === undefined) {
    text = canonicalJson(withoutHash(template)) ?? '';
    if (Object.isFrozen(template)) texts.set(template, text);
  }
  return text;
}

/** Whether two templates make the same Pods, whatever their hash labels say. */
export const equalIgnoringHash = (a: Template, b: Template): boolean => textOf(a) === textOf(b);

/** Replaces each character so that only letters and digits remain that spell nothing. */
const safeEncode = (text: string): string => [...text].map((c) => safeAlphabet[c.charCodeAt(0) % safeAlphabet.length]).join('');

/**
 * The pod-template-hash of a template: stable over restarts and key order, 32 bits in the safe alphabet. `collisions` (the
 * Deployment's collisionCount) makes another hash of the same template. Not the value upstream would compute: that is taken
 * over Go's own print of the structs.
 */
export function templateHash(template: Template, collisions: number | undefined): string {
  let hash = 0x811c9dc5;
  const mix = (byte: number): void => { hash = Math.imul(hash ^ byte, 0x01000193); };
  for (const byte of Buffer.from(textOf(template))) mix(byte);
  if (collisions !== undefined) for (let i = 0; i < 4; i++) mix((collisions >>> (8 * i)) & 0xff);
  return safeEncode(String(hash >>> 0));
}
