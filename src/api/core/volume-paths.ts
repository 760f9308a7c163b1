// What paths inside volumes may look like, and their file modes.
// upstream: pkg/apis/core/validation/validation.go, validateLocalDescendingPath, validatePathNoBacksteps
import { invalid, type Fault } from '../../apimachinery/fault.ts';

/** No component of the path is `..`. */
export const noBackstepsFaults = (text: string, path: string): Fault[] =>
  text.split('/').includes('..') ? [invalid(path, text, "must not contain '..'")] : [];

/** A relative path that stays below its root. */
export const localDescendingPathFaults = (text: string, path: string): Fault[] => [
  ...(text.startsWith('/') ? [invalid(path, text, 'must be a relative path')] : []),
  ...noBackstepsFaults(text, path),
];

/** As above, and its name does not begin with `..`, which the atomic writer of volumes uses for itself. */
export const localNonReservedPathFaults = (text: string, path: string): Fault[] => [
  ...localDescendingPathFaults(text, path),
  ...(text.startsWith('..') && !text.startsWith('../') ? [invalid(path, text, "must not start with '..'")] : []),
];

export const fileModeFaults = (mode: number, path: string): Fault[] =>
  mode >= 0 && mode <= 0o777 ? [] : [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
