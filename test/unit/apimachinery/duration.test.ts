// Durations as Go reads and writes them, and ages as tables show them.
import fc from 'fast-check';
import { age, formatDuration, humanDuration, parseDuration } from '../../../src/apimachinery/duration.ts';

it.each([['0', 0], ['0s', 0], ['1s', 1000], ['1h2m3s', 3723000], ['1.5h', 5400000], ['.5s', 500], ['100ms', 100], ['10us', 0.01], ['2µs', 0.002], ['-1m', -60000], ['+1m', 60000], ['1m1m', 120000]])('%s is %p ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});
it.each([
  ['', 'time: invalid duration ""'], ['abc', 'time: invalid duration "abc"'], ['1', 'time: missing unit in duration "1"'], ['1d', 'time: unknown unit "d" in duration "1d"'], ['-', 'time: invalid duration "-"'], ['1h.m', 'time: unknown unit'],
])('%p is refused', (text, message) => {
  expect(() => parseDuration(text)).toThrow(message === 'time: unknown unit' ? Error : new Error(message));
});
it.each([[0, '0s'], [1000, '1s'], [10_000, '10s'], [100_000, '1m40s'], [3723000, '1h2m3s'], [3_600_000, '1h0m0s'], [1.5, '1.5ms'], [0.0015, '1.5µs'], [0.000001, '1ns'], [1500, '1.5s'], [-60000, '-1m0s']])('%p ms is written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
it('reads back what it writes', () => {
  fc.assert(fc.property(fc.integer({ min: -1e9, max: 1e9 }), (ms) => { expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 6); }));
});
const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
it.each([
  [-3 * s, '<invalid>'], [-1 * s, '0s'], [0, '0s'], [999, '0s'], [119 * s, '119s'], [120 * s, '2m'], [125 * s, '2m5s'], [10 * m - s, '9m59s'], [10 * m, '10m'], [3 * h - m, '179m'], [3 * h, '3h'], [3 * h + 5 * m, '3h5m'],
  [8 * h, '8h'], [48 * h - s, '47h'], [48 * h, '2d'], [49 * h, '2d1h'], [8 * d, '8d'], [729 * d, '729d'], [730 * d, '2y'], [731 * d, '2y1d'], [8 * 365 * d, '8y'], [9 * 365 * d + 3 * d, '9y'],
])('%p ms is shown as %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});
it('an age needs a time', () => {
  expect([age('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:30Z')), age(null, 0), age(undefined, 0)]).toEqual(['5m30s', '<unknown>', '<unknown>']);
});
