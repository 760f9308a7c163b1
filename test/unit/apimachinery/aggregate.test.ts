// Several errors told as one.
import { aggregate } from '../../../src/apimachinery/aggregate.ts';

it.each([[['a'], 'a'], [['a', 'b'], '[a, b]'], [['a', 'b', 'a'], '[a, b]'], [['a', 'a'], 'a']])('%j is told as %s', (messages, text) => expect(aggregate(messages)).toBe(text));
