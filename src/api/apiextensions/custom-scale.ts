// The numbers a custom resource's scale subresource shows must be numbers. (upstream: apiextensions-apiserver pkg/registry/customresource/validator.go)
import { invalid, type Fault } from '../../apimachinery/fault.ts';
import type { ApiObject, ScaleSubresource } from '../../schema/resource.ts';

const maxInt32 = 0x7fffffff;

export function scaleFaults(scale: ScaleSubresource | undefined, object: ApiObject): Fault[] {
  if (!scale) return [];
  return [...countFaults(scale.specReplicasPath, object), ...countFaults(scale.statusReplicasPath, object), ...(scale.labelSelectorPath ? selectorFaults(scale.labelSelectorPath, object) : [])];
}

function countFaults(path: string, object: ApiObject): Fault[] {
  const { value, fault } = nested(path, object);
  if (fault) return [invalid(path, 0, fault)];
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) return [invalid(path, 0, wrongType(path, value, 'int64'))];
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
  return value > maxInt32 ? [invalid(path, value, `should be less than or equal to ${maxInt32}`)] : [];
}

function selectorFaults(path: string, object: ApiObject): Fault[] {
  const { value, fault } = nested(path, object);
  if (fault) return [invalid(path, '', fault)];
  return value === undefined || typeof value === 'string' ? [] : [invalid(path, '', wrongType(path, value, 'string'))];
}

/** The value at a path, or what stands in the way, in Go's words. */
function nested(path: string, object: ApiObject): { value?: unknown; fault?: string } {
  const names = path.replace(/^\./, '').split('.');
  let value: unknown = object;
  for (const [i, name] of names.entries()) {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) return { fault: wrongType(`.${names.slice(0, i).join('.')}`, value, 'map[string]interface {}') };
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  return { value };
}

function wrongType(path: string, value: unknown, expected: string): string {
  const type = value === null ? '<nil>' : Array.isArray(value) ? '[]interface {}' : typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : { string: 'string', boolean: 'bool', object: 'map[string]interface {}' }[typeof value as 'string' | 'boolean' | 'object'];
  const shown = value === null ? '<nil>' : typeof value === 'object' ? JSON.stringify(value) : String(value as string);
  return `.${path.replace(/^\./, '')} accessor error: ${shown} is of the type ${type}, expected ${expected}`;
}
