// Paths of fields in schemas of custom resources, as rules and selectable fields name them.
// upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go (ValidFieldPath)
import { child, key } from '../../apimachinery/fault.ts';
import { additionalOf, type StructuralSchema } from '../../schema/structural/structural-schema.ts';

type Followed = { readonly path: string; readonly schema: StructuralSchema } | { readonly fault: string };

/** Text between delimiters, the delimiters, and text in single quotes as one. */
const tokenPattern = /'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/gs;

/** Where `text` leads in `root`, or why nowhere. */
export function followFieldPath(text: string, root: object, brackets = true): Followed {
  const tokens = text.match(tokenPattern) ?? [];
  let [path, schema] = ['', root as StructuralSchema];
  const enter = (name: string): boolean => {
    const { properties } = schema;
    const additional = additionalOf(schema);
    if (properties) {
      if (!Object.hasOwn(properties, name)) return false;
      [path, schema] = [child(path, name), properties[name]!];
      return true;
    }
    if (!additional) return false;
    [path, schema] = [key(path, name), additional];
    return true;
  };
  const nowhere = { fault: 'does not refer to a valid field' };
  const ended = { fault: 'unexpected end of JSON path' };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token !== '[' && token !== '.') return { fault: `expected [ or . but got: ${token}` };
    if (token === '[' && !brackets) return { fault: 'array notation is not allowed' };
    const name = tokens[++i];
    if (name === undefined) return ended;
    if (token === '.') {
      if (!enter(name)) return nowhere;
      continue;
    }
    if (!/^'.*'$/s.test(name) || name.length < 2) return { fault: `expected single quoted string but got ${name}` };
    if (!enter(name.slice(1, -1).replace(/\\(.)/gs, '$1'))) return nowhere;
    const end = tokens[++i];
    if (end === undefined) return ended;
    if (end !== ']') return { fault: `expected ] but got ${end}` };
  }
  return { path, schema };
}
