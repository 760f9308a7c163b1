// Keys that stand twice in one object of a JSON text, which JSON.parse passes over in silence. One pass over the text, which must
// be JSON; what it costs does not depend on what the text says.

/** Paths such as `spec.containers[0].name`, each once. */
export function duplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const open: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const level = open.at(-1);
    switch (text[at]) {
      case '{': open.push({ keys: new Set(), key: '', item: 0, named: false }); break;
      case '[': open.push({ keys: undefined, key: '', item: 0, named: false }); break;
      case '}': case ']': open.pop(); break;
      case ',':
        if (level) { level.item++; level.named = false; }
        break;
      case '"': {
        const end = endOfString(text, at);
        if (level?.keys && !level.named) {
          level.key = JSON.parse(text.slice(at, end)) as string;
          level.named = true;
          if (level.keys.has(level.key)) found.add(pathOf(open));
          level.keys.add(level.key);
        }
        at = end - 1;
      }
    }
  }
  return [...found];
}

/** An object or (without `keys`) a list that is open; `named` once the key of the member at hand was read. */
interface Level { readonly keys: Set<string> | undefined; key: string; item: number; named: boolean }

/** Behind the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; text[at] !== '"'; at++) if (text[at] === '\\') at++;
  return at + 1;
}

const pathOf = (open: readonly Level[]): string => open.map(({ keys, key, item }, i) => (keys ? `${i > 0 ? '.' : ''}${key}` : `[${item}]`)).join('');
