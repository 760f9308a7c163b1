// Names the server makes up: what a client gave, and five random characters. (upstream: apiserver storage/names, apimachinery util/rand)
import { randomBytes } from 'node:crypto';

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const longestBase = 63 - suffixLength;

/** Five random characters of upstream's alphabet. */
export function randomSuffix(): string {
  return Array.from(randomBytes(suffixLength), (byte) => alphabet[byte % alphabet.length]).join('');
}
export const generatedName = (base: string): string => base.slice(0, longestBase) + randomSuffix();
