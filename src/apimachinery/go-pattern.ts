// Regular expressions in Go's syntax (RE2), as JavaScript's: what differs in writing is rewritten, the rest is the same.
const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7F', blank: '\\t ', cntrl: '\\x00-\\x1F\\x7F', digit: '0-9', graph: '!-~', lower: 'a-z', print: ' -~',
  punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f',
};

/** @throws SyntaxError when neither reading understands the pattern */
export function compileGoPattern(pattern: string): RegExp {
  let flags = '';
  const text = pattern
    .replace(/^\(\?([imsU]+)\)/, (_whole, given: string) => { flags = given.replace(/U/g, ''); return ''; })
    .replace(/\(\?P</g, '(?<')
    .replace(/\\Q(.*?)(?:\\E|$)/gs, (_whole, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .replace(/\\A/g, '^').replace(/\\z/g, '$')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => (Object.hasOwn(posixClasses, name) ? posixClasses[name]! : whole));
  try {
    return new RegExp(text, `${flags}u`);
  } catch {
    // Outside of Unicode mode more may be escaped than must be, as in Go.
    return new RegExp(text, flags);
  }
}
