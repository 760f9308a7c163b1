// Query parameters of the verbs, read once and judged. (upstream: apimachinery apis/meta/v1/validation, apis/meta/v1/conversion.go)
import { forbidden, invalid, notSupported, required, tooLong, type Fault } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import type { AdmittedRequest } from '../request.ts';

export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions';
const maxFieldManagerBytes = 128;
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** 422 of an options kind. */
export const invalidOptions = (kind: OptionsKind, faults: readonly Fault[]): errors.StatusError => errors.invalid('meta.k8s.io', kind, '', faults);

/** The context of a write; `kind` is the options kind named in errors, `apply` whether the body is an apply patch. @throws StatusError 422 */
export function writeContext(request: Pick<AdmittedRequest, 'query' | 'headers' | 'user' | 'warnings' | 'until'>, kind: OptionsKind, apply = false): RequestContext {
  const { query } = request;
  const dryRun = query.getAll('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const fieldManager = query.get('fieldManager') ?? '';
  const faults: Fault[] = [];
  if (kind === 'PatchOptions') {
    if (apply && fieldManager === '') faults.push(required('fieldManager', 'is required for apply patch'));
    if (!apply && query.has('force')) faults.push(forbidden('force', 'may not be specified for non-apply patch'));
  }
  if (kind !== 'DeleteOptions') faults.push(...fieldManagerFaults(fieldManager));
  faults.push(...dryRunFaults(dryRun));
  if (kind !== 'DeleteOptions' && !['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation)) faults.push(notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  if (faults.length) throw invalidOptions(kind, faults);
  return {
    user: request.user, dryRun: dryRun.length > 0, warnings: request.warnings,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as RequestContext['fieldValidation']),
    fieldManager: fieldManager || programIn(request.headers['user-agent'] ?? ''), asked: { fieldManager, fieldValidation },
    ...(request.until === undefined ? {} : { until: request.until }),
  };
}

/** What stands before the version in a user agent, as far as it makes a manager's name. */
function programIn(userAgent: string): string {
  let name = '';
  for (const character of userAgent.split('/')[0]!) {
    if (!printable.test(character)) continue;
    if (Buffer.byteLength(name) + Buffer.byteLength(character) > maxFieldManagerBytes) break;
    name += character;
  }
  return name;
}

export const dryRunFaults = (values: readonly string[]): Fault[] => (values.some((v) => v !== 'All') ? [notSupported('dryRun', values, ['All'])] : []);

function fieldManagerFaults(name: string): Fault[] {
  const faults: Fault[] = [];
  if (Buffer.byteLength(name) > maxFieldManagerBytes) faults.push(tooLong('fieldManager', '', maxFieldManagerBytes));
  let position = 0;
  for (const character of name) {
    if (!printable.test(character)) faults.push(invalid('fieldManager', name, `invalid character U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} (at position ${position})`));
    position += Buffer.byteLength(character);
  }
  return faults;
}

/** An integer query parameter. @throws StatusError 400 */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(Number(text))) throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(text);
}

/** A query parameter that is there is true, whatever it says, unless it says false. */
export const isTrue = (text: string | null): boolean => text !== null && text !== '0' && text.toLowerCase() !== 'false';

export interface ListParameters { readonly limit: number; readonly continue: string; readonly resourceVersion: string; readonly match: string; readonly sendInitialEvents: boolean; readonly allowWatchBookmarks: boolean; readonly timeoutSeconds: number | undefined }

/** What a list or watch asks for beside its selectors. (upstream: apis/meta/internalversion/validation) @throws StatusError 400, 422 */
export function listParameters(query: URLSearchParams, watch: boolean): ListParameters {
  const text = (name: string): string => query.get(name) ?? '';
  const parameters: ListParameters = {
    limit: integerParameter(query, 'limit') ?? 0, timeoutSeconds: integerParameter(query, 'timeoutSeconds'),
    continue: text('continue'), resourceVersion: text('resourceVersion'), match: text('resourceVersionMatch'),
    sendInitialEvents: isTrue(query.get('sendInitialEvents')), allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
  };
  const faults = (watch ? watchFaults : listFaults)(parameters, query.has('sendInitialEvents'));
  if (faults.length) throw invalidOptions('ListOptions', faults);
  return parameters;
}

const match = 'resourceVersionMatch';
function listFaults(p: ListParameters, initial: boolean): Fault[] {
  const faults: Fault[] = [];
  if (p.match !== '') {
    if (p.resourceVersion === '') faults.push(forbidden(match, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (p.continue !== '') faults.push(forbidden(match, 'resourceVersionMatch is forbidden when continue is provided'));
    if (p.match !== 'Exact' && p.match !== 'NotOlderThan') faults.push(notSupported(match, p.match, ['Exact', 'NotOlderThan', ''], 'given'));
    if (p.match === 'Exact' && p.resourceVersion === '0') faults.push(forbidden(match, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (initial) faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return faults;
}

function watchFaults(p: ListParameters, initial: boolean): Fault[] {
  const faults: Fault[] = [];
  if (initial && p.match !== 'NotOlderThan') faults.push(forbidden(match, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (p.match !== '') {
    if (!initial) faults.push(forbidden(match, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (p.match !== 'NotOlderThan') faults.push(notSupported(match, p.match, ['NotOlderThan']));
    if (p.continue !== '') faults.push(forbidden(match, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  return faults;
}
