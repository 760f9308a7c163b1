// Large YAML is read in a thread: the event loop goes on, time and memory are bounded, and what goes wrong ends one text alone.
// Needs the compiled program; skipped, with a line, where it has not been built.
import type { ParsedBody } from '../../master/apiserver/negotiation.ts';
import { YamlReader, type YamlLimits } from '../../master/apiserver/yaml-reader.ts';
import { parseYaml } from '../../master/apiserver/yaml.ts';
import { compiled, describeCompiled } from '../support/compiled.ts';

const program = compiled('master/apiserver/yaml-thread.js');

const manifest = (keys: number): string => `apiVersion: v1\nkind: ConfigMap\ndata:\n${Array.from({ length: keys }, (_, i) => `  key-${i}: "${i}"`).join('\n')}\n  __proto__: x\n  key-0: again\n`;
const dense = (items: number): string => `a: [${'1,'.repeat(items)}]`;

describeCompiled(program, 'a reader of YAML', () => {
  const readers: YamlReader[] = [];
  const reader = (limits: Partial<YamlLimits> = {}): YamlReader => {
    const made = new YamlReader(limits);
    readers.push(made);
    return made;
  };
  afterEach(() => { for (const made of readers.splice(0)) made.close(); });
  const refusal = (message: RegExp): unknown => expect.objectContaining({ code: 413, message: expect.stringMatching(message) as unknown });

  it('reads in a thread what it reads at once, while others are served', async () => {
    const text = manifest(400);
    const expected = parseYaml(text);
    expect(expected.duplicates).toEqual(['data.key-0']);
    let turns = 0;
    const count = (): void => { turns++; counting = setImmediate(count); };
    let counting = setImmediate(count);
    const read = await reader().read(text);
    clearImmediate(counting);
    expect(turns).toBeGreaterThan(10);
    expect(read).toEqual(expected);
    expect(Object.hasOwn((read.value as { data: object }).data, '__proto__')).toBe(true);
  });
  it('says what is wrong with a text, and reads the next', async () => {
    const one = reader({ small: 0 });
    await expect(one.read('a: [')).rejects.toThrow(SyntaxError);
    await expect(one.read('a: .inf')).rejects.toThrow('json: unsupported value: +Inf');
    expect(await Promise.all([one.read('a: 1'), one.read('b: 2')])).toMatchObject([{ value: { a: 1 } }, { value: { b: 2 } }]);
  });
  it('ends a text that takes too long, and reads the next', async () => {
    const one = reader({ small: 0, longestMs: 500 });
    await expect(one.read(dense(150_000))).rejects.toEqual(refusal(/^Request entity too large: the YAML takes longer to read than 0\.5s$/));
    // On a busy machine that may take as long, now and then.
    const next = (): Promise<ParsedBody> => one.read('a: 1').catch(next);
    expect((await next()).value).toEqual({ a: 1 });
  });
  it('ends a text that takes too much memory, and reads the next', async () => {
    const one = reader({ small: 0, memoryMb: 16 });
    await expect(one.read(dense(60_000))).rejects.toEqual(refusal(/^Request entity too large: the YAML takes more than 16 MB to read$/));
    await expect(one.read('a: 1')).resolves.toMatchObject({ value: { a: 1 } });
  });
  it('keeps large texts from those of usual size', async () => {
    const one = reader({ small: 0, large: 1000 });
    // A text that takes many times what the thread of the usual ones needs to begin: nobody waits for its end.
    let over = false;
    const large = one.read(dense(300_000)).catch((error: Error) => error.message).finally(() => { over = true; });
    expect((await one.read('a: 1')).value).toEqual({ a: 1 });
    expect(over).toBe(false);
    one.close();
    expect(await large).toBe('the server is stopping');
  });
  it('refuses what aliases make too large', async () => {
    await expect(reader({ mostJson: 1000 }).read(`a: &a ${'x'.repeat(900)}\nb: [*a, *a]\n${'#'.repeat(5000)}`)).rejects.toEqual(refusal(/limit is 1000$/));
  });
  it('leaves nothing waiting when it is closed', async () => {
    const one = reader({ small: 0 });
    const reads = [one.read(dense(50_000)), one.read(dense(50_000))];
    one.close();
    for (const read of reads) await expect(read).rejects.toThrow('the server is stopping');
  });
});
