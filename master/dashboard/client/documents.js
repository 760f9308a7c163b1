// What a person pastes: YAML documents or JSON, one or many, each sent to the server as it was written.
// @ts-check

/**
 * The texts between lines of `---`, without those that hold comments alone. JSON is one document.
 * @param {string} text
 */
export function documentsIn(text) {
  if (text.trimStart().startsWith('{')) return [text];
  return text.split(/^---(?=\s|$).*$/m).filter((part) => part.split('\n').some((line) => line.trim() !== '' && !line.trimStart().startsWith('#') && !line.startsWith('%')));
}

/**
 * @typedef {{ apiVersion: string, kind: string, namespace: string, name: string, generateName: string, text: string, type: 'yaml' | 'json' }} Manifest
 */

/**
 * The objects of one document, with where each is to go; those of a List one by one.
 * @param {string} text
 * @param {(text: string) => unknown} parse
 * @returns {Manifest[]}
 * @throws Error telling what an object lacks
 */
export function manifestsIn(text, parse) {
  const value = /** @type {any} */ (parse(text));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a document is no object');
  if (value.kind === 'List' && value.apiVersion === 'v1') {
    if (!Array.isArray(value.items)) throw new Error('a List has no items');
    return value.items.map((/** @type {unknown} */ item) => manifestOf(item, JSON.stringify(item), 'json'));
  }
  return [manifestOf(value, text, text.trimStart().startsWith('{') ? 'json' : 'yaml')];
}

/**
 * @param {any} value
 * @param {string} text
 * @param {'yaml' | 'json'} type
 * @returns {Manifest}
 */
function manifestOf(value, text, type) {
  /** @param {unknown} field */
  const string = (field) => (typeof field === 'string' ? field : '');
  const { apiVersion, kind, metadata } = value ?? {};
  if (!string(apiVersion)) throw new Error('apiVersion not set');
  if (!string(kind)) throw new Error('kind not set');
  return { apiVersion, kind, namespace: string(metadata?.namespace), name: string(metadata?.name), generateName: string(metadata?.generateName), text, type };
}

/**
 * An object as a person edits it: without the record of who wrote which field, which the server keeps.
 * @template {{ metadata: object }} T
 * @param {T} object
 * @returns {T}
 */
export function editable(object) {
  const { managedFields: _managedFields, ...metadata } = /** @type {any} */ (object.metadata);
  return { ...object, metadata };
}
