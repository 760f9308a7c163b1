// What the types of a kind say against an expression over its objects, in the words of cel-go: `object.spec.replicas > '1'` for
// Deployments. What has no type of its own (quantities, ports by name or number, bytes) is let through, and only the first fault is told.
// upstream: apiserver pkg/admission/plugin/policy/validating/typechecking.go, pkg/cel/openapi; cel-go checker, common/error.go
import type { Environment } from '@marcbachmann/cel-js';
import type { ObjectType, ScalarKind, Type } from '../schema.ts';
import { frame } from './cel-frame.ts';
import { typedPolicyEnvironment } from './cel.ts';

const scalars: Partial<Record<ScalarKind, string>> = { string: 'string', duration: 'string', int32: 'int', int64: 'int', double: 'double', boolean: 'bool', time: 'google.protobuf.Timestamp', microTime: 'google.protobuf.Timestamp' };

/** Registers the type and all it is made of; the result is its name. A type within itself is any. */
function declareType(environment: Environment, type: Type, known: Map<ObjectType, string>): string {
  if (type.kind === 'scalar') return scalars[type.scalar] ?? 'dyn';
  if (type.kind === 'lazy') return declareType(environment, type.resolve(), known);
  if (type.kind === 'array') return `list<${declareType(environment, type.items, known)}>`;
  if (type.kind === 'map') return `map<string, ${declareType(environment, type.values, known)}>`;
  if (type.kind !== 'object') return 'dyn';
  const before = known.get(type);
  if (before !== undefined) return before;
  known.set(type, 'dyn');
  const schema = Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, declareType(environment, field.type, known)]));
  const name = `kubernetes.object${known.size}.${type.name}`;
  environment.registerType({ name, schema });
  known.set(type, name);
  return name;
}

const environments = new WeakMap<ObjectType, Environment>();
function environmentOf(type: ObjectType): Environment {
  let environment = environments.get(type);
  if (!environment) environments.set(type, (environment = typedPolicyEnvironment((declaring) => declareType(declaring, type, new Map()))));
  return environment;
}

interface Node { readonly op: string; readonly pos: number; readonly args: unknown }
interface Refusal { readonly message: string; readonly code?: string; readonly node?: Node }

/** `ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'` and where that is; undefined for what fits. */
export function typeFault(expression: string, type: ObjectType): string | undefined {
  const { valid, error } = environmentOf(type).check(expression);
  if (valid) return undefined;
  const fault = faultOf(expression, error as unknown as Refusal);
  return fault && frame(expression, fault.message, fault.at);
}

interface Fault { readonly message: string; readonly at: number }
const typeText = (name: string): string => name.trim().replaceAll('<', '(').replaceAll('>', ')').replaceAll(/kubernetes\.object\d+\./g, '');
const applied = (name: string, types: readonly string[], receiver = ''): string => `found no matching overload for '${name}' applied to '${receiver && `${typeText(receiver)}.`}(${types.map(typeText).join(', ')})'`;

function faultOf(expression: string, { message, code, node }: Refusal): Fault | undefined {
  const [words = ''] = message.split('\n');
  const at = node?.pos ?? 0;
  if (code === 'no_such_key') return { message: `undefined field '${words.replace('No such key: ', '')}'`, at: Math.max(0, at - 1) };
  const call = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(words);
  if (call) {
    const [, receiver, name = '', types = ''] = call;
    return { message: applied(name, types ? types.split(/, (?![^<]*>)/) : [], receiver), at: Math.max(0, expression.indexOf('(', expression.indexOf(`${name}(`, at))) };
  }
  const unary = /^no such overload: ([!-])(\S+)$/.exec(words);
  if (unary) return { message: applied(`${unary[1]}_`, [unary[2]!]), at };
  const binary = /^no such overload: (.+?) (\S+) (.+)$/.exec(words);
  if (!binary || !node || !Array.isArray(node.args)) return { message: words, at };
  const [, left = '', operator = '', right = ''] = binary;
  // An object that is compared with null may be absent.
  if ((operator === '==' || operator === '!=') && [left, right].includes('null') && [left, right].some((name) => name.startsWith('kubernetes.object'))) return undefined;
  const { pos = 0 } = (node.args[1] ?? {}) as Partial<Node>;
  return { message: applied(operator === 'in' ? '@in' : operator === '[]' ? '_[_]' : `_${operator}_`, [left, right]), at: Math.max(at, expression.lastIndexOf(operator, pos - 1)) };
}
