// Counts that may be given as a number or as a percentage of something. (upstream: pkg/apis/apps/validation, ValidatePositiveIntOrPercent)
import { invalid, type Fault } from '../apimachinery/fault.ts';
import { isValidPercent } from '../apimachinery/names.ts';

export type IntOrPercent = number | string;

export const intOrPercentFaults = (value: IntOrPercent, path: string): Fault[] => {
  if (typeof value === 'string') return isValidPercent(value).map((message) => invalid(path, value, message));
  return value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
};

/** The number in front of `%`, or the plain number: only zero matters to its callers. */
export const amount = (value: IntOrPercent | undefined): number => (typeof value === 'string' ? Number.parseInt(value, 10) : value ?? 0);

/** A percentage above 100 makes no sense for a part of a whole. */
export const overHundredFaults = (value: IntOrPercent | undefined, path: string): Fault[] =>
  (typeof value === 'string' && isValidPercent(value).length === 0 && amount(value) > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []);
