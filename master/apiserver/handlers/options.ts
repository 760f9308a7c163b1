// Query parameters of the verbs, read once and judged. (upstream: apimachinery meta/v1/validation)
import { invalid, notSupported, type Fault } from '../../../src/apimachinery/fault.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import type { AdmittedRequest } from '../request.ts';

/** The context of a write; `kind` is the options kind named in errors. @throws StatusError 422 */
export function writeContext(request: AdmittedRequest, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions'): RequestContext {
  const { query } = request;
  const faults: Fault[] = [];
  const dryRun = query.getAll('dryRun').filter((v) => v !== '');
  if (dryRun.some((v) => v !== 'All')) faults.push(notSupported('dryRun', dryRun.join(','), ['All']));
  const fieldValidation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation)) faults.push(notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  const fieldManager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(fieldManager) > 128) faults.push({ type: 'TooLong', field: 'fieldManager', message: 'Too long: may not be more than 128 bytes' });
  const bad = [...fieldManager].findIndex((c) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c));
  if (bad >= 0) {
    const code = fieldManager.codePointAt(bad)!;
    faults.push(invalid('fieldManager', fieldManager, `invalid character U+${code.toString(16).toUpperCase().padStart(4, '0')} '${fieldManager[bad]}' (at position ${bad})`));
  }
  if (faults.length) throw errors.invalid('meta.k8s.io', kind, '', faults);
  return {
    user: request.user, dryRun: dryRun.length > 0, warnings: request.warnings, signal: request.signal,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as RequestContext['fieldValidation']),
    fieldManager: fieldManager || (request.headers['user-agent'] ?? 'unknown').split('/')[0]!,
  };
}

/** A non-negative integer query parameter. @throws StatusError 400 */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export const isTrue = (text: string | null): boolean => text === 'true' || text === '1';
