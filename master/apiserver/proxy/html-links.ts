// Links in pages that come through the proxy: what means the place behind it is led back under the proxy's own path. Only the
// values of attributes that change are written anew; everything else passes as it came, in whatever pieces it comes.
// upstream: apimachinery util/proxy/transport.go (rewriteURL, rewriteHTML); golang.org/x/net/html for what is a tag
import { posix } from 'node:path';
import { Transform } from 'node:stream';

/** Where links lead: below `prefix` when they name one of the hosts, or none. */
export interface Place {
  /** The path of the proxy, without a slash at its end. */
  readonly prefix: string;
  /** As the page knows its server. */
  readonly host: string;
  /** As the client knows the API server. */
  readonly askedHost: string;
}

/** A link as it has to be for the client. One that is relative, names another host or is no URL stays as it is. */
export function rewriteLink(link: string, { prefix, host, askedHost }: Place): string {
  const [, origin = '', named = '', path = '', rest = ''] = /^((?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?)([^?#]*)(.*)$/is.exec(link) ?? [];
  const toItself = named !== '' && named === askedHost;
  if (!path.startsWith('/') || (named !== '' && named !== host && !toItself)) return link;
  const joined = path.startsWith(prefix) ? path : posix.join(prefix, path);
  return `${toItself ? origin : ''}${joined}${rest}`;
}

/** Attributes that hold a URL. (http://www.w3.org/TR/REC-html40/index/attributes.html) */
const linking: Readonly<Record<string, readonly string[]>> = {
  a: ['href'], applet: ['codebase'], area: ['href'], audio: ['src'], base: ['href'], blockquote: ['cite'], body: ['background'], button: ['formaction'], command: ['icon'], del: ['cite'],
  embed: ['src'], form: ['action'], frame: ['longdesc', 'src'], head: ['profile'], html: ['manifest'], iframe: ['longdesc', 'src'], img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'], ins: ['cite'], link: ['href'], object: ['classid', 'codebase', 'data', 'usemap'], q: ['cite'], script: ['src'], source: ['src'], video: ['poster', 'src'],
};
/** Elements whose content holds no tags but the one that ends them. */
const rawElements: ReadonlySet<string> = new Set(['iframe', 'noembed', 'noframes', 'plaintext', 'script', 'style', 'textarea', 'title', 'xmp']);
/** A longer tag passes as it is. */
const longestTag = 64 * 1024;

/** Rewrites links in HTML that comes in pieces; bytes as characters, so that every encoding that has ASCII in it passes unharmed. */
export class HtmlLinks {
  readonly #rewrite: (link: string) => string;
  /** What has no end yet. */
  #rest = '';
  /** The element whose content is being passed. */
  #raw = '';
  #comment = false;

  constructor(rewrite: (link: string) => string) { this.#rewrite = rewrite; }

  write(piece: string): string {
    const text = this.#rest + piece;
    this.#rest = '';
    let out = '';
    let at = 0;
    while (at < text.length) {
      const found = this.#comment ? this.#endOfComment(text, at) : this.#raw ? this.#endOfRaw(text, at) : text.indexOf('<', at);
      // A mark may be cut in two.
      if (found < 0) {
        const kept = this.#comment ? 3 : this.#raw ? this.#raw.length + 2 : 0;
        const cut = Math.max(at, text.length - kept);
        this.#rest = text.slice(cut);
        return out + text.slice(at, cut);
      }
      out += text.slice(at, found);
      at = found;
      if (text[at] !== '<') continue;
      const tag = this.#tag(text, at);
      if (tag === undefined && text.length - at <= longestTag) {
        this.#rest = text.slice(at);
        return out;
      }
      out += tag?.text ?? '<';
      at = tag?.end ?? at + 1;
    }
    return out;
  }
  end(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }

  #endOfComment(text: string, at: number): number {
    const end = /--!?>/g;
    end.lastIndex = at;
    if (!end.test(text)) return -1;
    this.#comment = false;
    return end.lastIndex;
  }
  #endOfRaw(text: string, at: number): number {
    if (this.#raw === 'plaintext') return -1;
    const end = new RegExp(`</${this.#raw}(?=[\\s/>])`, 'gi');
    end.lastIndex = at;
    const match = end.exec(text);
    if (!match) return -1;
    this.#raw = '';
    return match.index;
  }

  /** What begins at a `<`, as it goes out; undefined when its end has not come. */
  #tag(text: string, at: number): { readonly text: string; readonly end: number } | undefined {
    const next = text[at + 1];
    if (next === undefined) return undefined;
    if (next === '!' || next === '?') {
      if (next === '!' && '--'.startsWith(text.slice(at + 2, at + 4))) {
        if (text.length < at + 4) return undefined;
        this.#comment = true;
        // `<!-->` is a whole one.
        return { text: '<!', end: at + 2 };
      }
      const end = text.indexOf('>', at);
      return end < 0 ? undefined : { text: text.slice(at, end + 1), end: end + 1 };
    }
    const name = /^<\/?([a-z][^\s/>]*)/i.exec(text.slice(at, at + 64));
    if (!name) return next === '/' && text.length === at + 2 ? undefined : { text: '<', end: at + 1 };
    const element = next === '/' ? '' : name[1]!.toLowerCase();
    const tag = this.#attributes(text, at, at + name[0].length, Object.hasOwn(linking, element) ? linking[element]! : []);
    if (tag && rawElements.has(element)) this.#raw = element;
    return tag;
  }

  #attributes(text: string, begin: number, from: number, wanted: readonly string[]): { readonly text: string; readonly end: number } | undefined {
    let out = '';
    let done = begin;
    for (let at = from; ;) {
      at = first(text, at, /[^\s/]/g);
      if (text[at] === '>') return { text: out + text.slice(done, at + 1), end: at + 1 };
      const nameAt = at;
      at = first(text, at + 1, /[\s/>=]/g);
      const name = text.slice(nameAt, at).toLowerCase();
      const equals = first(text, at, /\S/g);
      if (equals >= text.length) return undefined;
      if (text[equals] !== '=') continue;
      const valueAt = first(text, equals + 1, /\S/g);
      const quote = text[valueAt] === '"' || text[valueAt] === "'" ? text[valueAt]! : '';
      const end = quote ? text.indexOf(quote, valueAt + 1) : first(text, valueAt, /[\s>]/g);
      if (end < 0 || end >= text.length) return undefined;
      at = end + quote.length;
      const value = text.slice(valueAt + quote.length, end);
      const link = wanted.includes(name) ? this.#rewrite(value) : value;
      if (link === value) continue;
      out += `${text.slice(done, valueAt)}${quote || '"'}${quote ? link : link.replaceAll('"', '&#34;')}${quote || '"'}`;
      done = at;
    }
  }
}

/** Where the first character of the kind is; the length of the text where there is none. */
function first(text: string, from: number, kind: RegExp): number {
  kind.lastIndex = from;
  return kind.exec(text)?.index ?? text.length;
}

/** The same as a stream of bytes. */
export function htmlLinks(place: Place): Transform {
  const links = new HtmlLinks((link) => rewriteLink(link, place));
  return new Transform({
    transform(chunk: Buffer, _encoding, done) { done(null, Buffer.from(links.write(chunk.toString('latin1')), 'latin1')); },
    flush(done) { done(null, Buffer.from(links.end(), 'latin1')); },
  });
}
