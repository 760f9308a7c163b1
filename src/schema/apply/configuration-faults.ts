// Whether an applied configuration fits its type: unknown fields, wrong kinds of values, lists that name an item twice.
// (upstream: structured-merge-diff typed/validate.go)
import type { JsonValue, ScalarKind } from '../schema.ts';
import { showElement } from './path-element.ts';
import { ElementError, itemElement, memberOf, type Structure } from './structure.ts';

/** Every fault as one text, in upstream's words; undefined when there is none. */
export function configurationFaults(structure: Structure, value: JsonValue): string | undefined {
  const faults: string[] = [];
  check(structure, value, '', faults);
  return faults.length <= 1 ? faults[0] : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
}

function check(structure: Structure, value: JsonValue, path: string, faults: string[]): void {
  const report = (text: string): void => { faults.push(path ? `${path}: ${text}` : text); };
  if (value === null) return;
  switch (structure.kind) {
    case 'scalar': {
      const fault = scalarFault(structure.scalar, value);
      if (fault) report(fault);
      return;
    }
    case 'list': {
      if (!Array.isArray(value)) return report(`expected list, got &{${goText(value)}}`);
      const seen = new Set<string>();
      for (const [i, item] of value.entries()) {
        let element = `i:${i}`;
        if (!structure.atomic) {
          try {
            element = itemElement(structure, item);
          } catch (error) {
            if (!(error instanceof ElementError)) throw error;
            return report(`element ${i}: ${error.message}`);
          }
          if (seen.has(element)) report(`duplicate entries for key ${showElement(element)}`);
          seen.add(element);
        }
        check(structure.items, item, path + showElement(element), faults);
      }
      return;
    }
    default:
      if (structure.kind === 'map' && structure.deduced && typeof value !== 'object') return;
      if (structure.kind === 'map' && structure.deduced && Array.isArray(value)) return;
      if (typeof value !== 'object' || Array.isArray(value)) return report(`expected map, got &{${goText(value)}}`);
      for (const [name, inner] of Object.entries(value)) {
        const member = memberOf(structure, name);
        if (member) check(member.structure, inner, `${path}.${name}`, faults);
        else {
          faults.push(`${path}.${name}: field not declared in schema`);
          // Upstream looks at no further member.
          return;
        }
      }
  }
}

type Shape = 'numeric' | 'string' | 'boolean' | 'scalar' | 'anything';
const shapes: Readonly<Record<ScalarKind, Shape>> = {
  string: 'string', bytes: 'string', time: 'scalar', microTime: 'scalar', duration: 'string', int32: 'numeric', int64: 'numeric', double: 'numeric',
  boolean: 'boolean', quantity: 'scalar', intOrString: 'scalar', any: 'anything', fieldsV1: 'anything',
};

function scalarFault(kind: ScalarKind, value: Exclude<JsonValue, null>): string | undefined {
  switch (shapes[kind]) {
    case 'numeric': return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'string': return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean': return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goText(value)}}`;
    case 'scalar': return typeof value === 'object' ? `expected any scalar, got &{${goText(value)}}` : undefined;
    case 'anything': return undefined;
  }
}

function goType(value: Exclude<JsonValue, null>): string {
  if (Array.isArray(value)) return '[]interface {}';
  return { string: 'string', boolean: 'bool', number: 'float64', object: 'map[string]interface {}' }[typeof value as 'string' | 'boolean' | 'number' | 'object'];
}
/** Go's %v. */
function goText(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') return `map[${Object.keys(value).sort().map((key) => `${key}:${goText(value[key]!)}`).join(' ')}]`;
  return String(value);
}
/** Go's %#v. */
function goSyntax(value: JsonValue): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value === 'object') return `map[string]interface {}{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${goSyntax(value[key]!)}`).join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
