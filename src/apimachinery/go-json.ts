// What Go's decoder says of a text that is not JSON. (upstream: Go's encoding/json scanner.go, whose words clients are shown)
/** What is open: an object, at one of its members, or a list. */
type Where = 'member' | 'item';

const literals: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const isSpace = (c: string | undefined): boolean => c === ' ' || c === '\t' || c === '\r' || c === '\n';
const isDigit = (c: string | undefined): boolean => c !== undefined && c >= '0' && c <= '9';

/** A character as Go shows a byte: the first one of it. */
function quoted(c: string): string {
  if (c === "'") return String.raw`'\''`;
  if (c === '"') return `'"'`;
  const byte = Buffer.from(c)[0]!;
  const named: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t`, '\\': String.raw`\\`, '\b': String.raw`\b`, '\f': String.raw`\f`, '\v': String.raw`\v`, '\x07': String.raw`\a` };
  if (named[c]) return `'${named[c]}'`;
  return byte < 0x20 || byte === 0x7f ? `'\\x${byte.toString(16).padStart(2, '0')}'` : `'${String.fromCharCode(byte)}'`;
}

class Fault extends Error {}

class Scanner {
  readonly #text: string;
  #at = 0;
  constructor(text: string) { this.#text = text; }

  #next(): string | undefined { return this.#text[this.#at]; }
  /** @throws Fault of the next character, or of the end */
  #refuse(why: string): never {
    const c = this.#next();
    throw new Fault(c === undefined ? 'unexpected end of JSON input' : `invalid character ${quoted(c)} ${why}`);
  }
  #take(fits: boolean, why: string): void { if (fits) this.#at++; else this.#refuse(why); }
  #spaces(): void { while (isSpace(this.#next())) this.#at++; }

  /** Without recursion: what is open stands in a list. @throws Fault */
  whole(): void {
    const open: Where[] = [];
    let complete = this.#value(open);
    while (!complete || open.length) complete = complete ? this.#after(open) : this.#value(open);
    this.#spaces();
    if (this.#next() !== undefined) this.#refuse('after top-level value');
  }

  /** False when it has only begun, and stands before what it holds first. */
  #value(open: Where[]): boolean {
    this.#spaces();
    const c = this.#next();
    if (c === '{' || c === '[') {
      this.#at++;
      this.#spaces();
      if (this.#next() === (c === '{' ? '}' : ']')) {
        this.#at++;
        return true;
      }
      open.push(c === '{' ? 'member' : 'item');
      if (c === '{') this.#key();
      return false;
    }
    if (c === '"') this.#string();
    else if (c === '-' || isDigit(c)) this.#number();
    else if (c !== undefined && Object.hasOwn(literals, c)) this.#literal(literals[c]!);
    else this.#refuse('looking for beginning of value');
    return true;
  }

  /** What comes behind a value: the end of what it is in, or the next one there. */
  #after(open: Where[]): boolean {
    this.#spaces();
    const inList = open.at(-1) === 'item';
    if (this.#next() === (inList ? ']' : '}')) {
      this.#at++;
      open.pop();
      return true;
    }
    this.#take(this.#next() === ',', inList ? 'after array element' : 'after object key:value pair');
    if (!inList) this.#key();
    return this.#value(open);
  }

  #key(): void {
    this.#spaces();
    if (this.#next() !== '"') this.#refuse('looking for beginning of object key string');
    this.#string();
    this.#spaces();
    this.#take(this.#next() === ':', 'after object key');
  }

  #string(): void {
    this.#at++;
    for (let c = this.#next(); c !== '"'; c = this.#next()) {
      if (c === undefined || c < ' ') this.#refuse('in string literal');
      if (c === '\\') this.#escape();
      this.#at++;
    }
    this.#at++;
  }
  /** Leaves its last character. */
  #escape(): void {
    this.#at++;
    const c = this.#next();
    if (c === undefined || !'bfnrt\\/"u'.includes(c)) this.#refuse('in string escape code');
    if (c !== 'u') return;
    for (let i = 0; i < 4; i++) {
      this.#at++;
      if (!/^[0-9a-fA-F]$/.test(this.#next() ?? '')) this.#refuse('in \\u hexadecimal character escape');
    }
  }

  #number(): void {
    if (this.#next() === '-') this.#at++;
    const zero = this.#next() === '0';
    this.#take(isDigit(this.#next()), 'in numeric literal');
    if (!zero) this.#digits();
    if (this.#next() === '.') {
      this.#at++;
      this.#take(isDigit(this.#next()), 'after decimal point in numeric literal');
      this.#digits();
    }
    if (this.#next() !== 'e' && this.#next() !== 'E') return;
    this.#at++;
    if (this.#next() === '+' || this.#next() === '-') this.#at++;
    this.#take(isDigit(this.#next()), 'in exponent of numeric literal');
    this.#digits();
  }
  #digits(): void { while (isDigit(this.#next())) this.#at++; }

  #literal(word: string): void {
    for (const [i, c] of [...word].entries()) this.#take(this.#next() === c, `in literal ${word} (expecting ${quoted(word[i]!)})`);
  }
}

/** Undefined for a text that is JSON. */
export function goJsonFault(text: string): string | undefined {
  try {
    new Scanner(text).whole();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}
