// The arithmetic and the table of the benchmarks: medians, ratios and whether an aim is met.
import { median, met, percentile, ratioOf, table, type Figure } from '../../../bench/report.ts';

describe('figures', () => {
  it.each([
    [[3, 1, 2], 50, 2], [[4, 1, 3, 2], 50, 2], [[5], 99, 5], [Array.from({ length: 100 }, (_, i) => i + 1), 99, 99], [[], 50, NaN],
  ])('percentile of %j', (values, percent, expected) => expect(percentile(values, percent)).toBe(expected));
  it('the median leaves its input alone', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  const against = (value: number, yardstick: number, bound: 'at most' | 'at least', limit: number): Figure => ({ what: 'x', value, unit: 'ms', yardstick: { what: 'y', value: yardstick }, aim: { of: 'ratio', bound, limit } });
  it.each([
    [against(125, 100, 'at most', 1.25), true], [against(126, 100, 'at most', 1.25), false], [against(50, 100, 'at least', 0.5), true], [against(49, 100, 'at least', 0.5), false],
    [{ what: 'x', value: 3, unit: 's', aim: { of: 'value', bound: 'at most', limit: 3 } } as const, true],
    [{ what: 'x', value: NaN, unit: 's', aim: { of: 'value', bound: 'at most', limit: 3 } } as const, false],
    [{ what: 'x', value: 3, unit: 's' } as const, undefined],
  ] as [Figure, boolean | undefined][])('%j: %s', (figure, expected) => expect(met(figure)).toBe(expected));
  it('a figure without a yardstick has no ratio', () => expect(ratioOf({ what: 'x', value: 3, unit: 's' })).toBeUndefined());
});

it('prints one table, what missed its aim in capitals', () => {
  expect(table([
    { what: 'start', value: 130, unit: 'ms', yardstick: { what: 'bare', value: 100 }, aim: { of: 'ratio', bound: 'at most', limit: 1.25 } },
    { what: 'idle', value: 0.456, unit: '%', aim: { of: 'value', bound: 'at most', limit: 1 } },
  ])).toBe([
    'what   measured  yardstick, same run  ratio   aim',
    '-----  --------  -------------------  ------  --------  ------',
    'start  130 ms    bare: 100 ms         1.30 ×  ≤ 1.25 ×  MISSED',
    'idle   0.46 %    –                    –       ≤ 1 %     met',
  ].join('\n'));
});
