// How many images are pulled at once: flags, and the order in which those who wait get their turn.
import { parsePullLimit, PullLimit } from '../../../../agent/kubelet/pull-limit.ts';

it.each([[{}, Infinity], [{ serializeImagePulls: true }, 1], [{ maxParallelImagePulls: '4' }, 4], [{ maxParallelImagePulls: '1', serializeImagePulls: true }, 1]] as const)('%j allows %d', (flags, limit) => expect(parsePullLimit(flags)).toBe(limit));
it.each([
  [{ maxParallelImagePulls: '0' }, '--max-parallel-image-pulls: "0" must be a positive number'], [{ maxParallelImagePulls: 'many' }, '--max-parallel-image-pulls: "many" must be a positive number'],
  [{ maxParallelImagePulls: '2', serializeImagePulls: true }, '--max-parallel-image-pulls: cannot be larger than 1 with --serialize-image-pulls'],
])('refuses %j', (flags, message) => expect(() => parsePullLimit(flags)).toThrow(new Error(message)));

describe('PullLimit', () => {
  const never = new AbortController().signal;

  it('gives places in the order of asking, and none to who has left the line', async () => {
    const limit = new PullLimit(1);
    const got: string[] = [];
    const ask = async (name: string, signal = never): Promise<() => void> => {
      const leave = await limit.place(signal);
      got.push(name);
      return leave;
    };
    const first = await ask('a');
    const impatient = new AbortController();
    const [second, third] = [ask('b', impatient.signal), ask('c')];
    impatient.abort(new Error('no longer'));
    await expect(second).rejects.toThrow('no longer');
    expect(got).toEqual(['a']);
    first();
    (await third)();
    (await ask('d'))();
    expect(got).toEqual(['a', 'c', 'd']);
    await expect(limit.place(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });

  it('lets as many in at once as it allows', async () => {
    const limit = new PullLimit(2);
    const leave = await limit.place(never);
    await limit.place(never);
    let third = false;
    const waits = limit.place(never).then(() => { third = true; });
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(third).toBe(false);
    leave();
    await waits;
  });
});
