// Query parameters of writes, lists and watches, and how wrong ones are refused.
import { StatusError } from '../../../../src/apimachinery/status-error.ts';
import { integerParameter, isTrue, listParameters, writeContext, type OptionsKind } from '../../../../master/apiserver/handlers/options.ts';
import type { AdmittedRequest } from '../../../../master/apiserver/request.ts';

const request = (query: string, headers: Record<string, string> = {}): AdmittedRequest => ({ query: new URLSearchParams(query), headers, user: { name: 'u', groups: [] }, warnings: [], signal: new AbortController().signal }) as unknown as AdmittedRequest;
function faultsOf(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof StatusError) return error.code === 400 ? [error.message] : error.status.details!.causes!.map((c) => `${c.field}: ${c.message}`);
    throw error;
  }
  return [];
}

describe('options of a write', () => {
  it.each<[query: string, kind: OptionsKind, apply: boolean, faults: string[]]>([
    ['', 'CreateOptions', false, []], ['dryRun=All&fieldManager=m&fieldValidation=Strict', 'UpdateOptions', false, []],
    ['dryRun=Some', 'CreateOptions', false, ['dryRun: Unsupported value: ["Some"]: supported values: "All"']], ['dryRun=', 'DeleteOptions', false, ['dryRun: Unsupported value: [""]: supported values: "All"']],
    ['fieldValidation=Foo', 'PatchOptions', false, ['fieldValidation: Unsupported value: "Foo": supported values: "", "Ignore", "Strict", "Warn"']],
    [`fieldManager=${'x'.repeat(129)}`, 'CreateOptions', false, ['fieldManager: Too long: may not be more than 128 bytes']],
    ['fieldManager=%C3%A9%01', 'CreateOptions', false, ['fieldManager: Invalid value: "é\\u0001": invalid character U+0001 (at position 2)']],
    ['force=true', 'PatchOptions', false, ['force: Forbidden: may not be specified for non-apply patch']],
    ['', 'PatchOptions', true, ['fieldManager: Required value: is required for apply patch']], ['fieldManager=m&force=true', 'PatchOptions', true, []],
  ])('%s', (query, kind, apply, faults) => {
    expect(faultsOf(() => writeContext(request(query), kind, apply))).toEqual(faults);
  });
  it('name the manager, by default after the client', () => {
    expect(writeContext(request('', { 'user-agent': 'kubectl/v1.33' }), 'CreateOptions')).toMatchObject({ fieldManager: 'kubectl', fieldValidation: 'Warn', dryRun: false });
    expect(writeContext(request('fieldManager=m&dryRun=All', { 'user-agent': 'kubectl/v1.33' }), 'CreateOptions')).toMatchObject({ fieldManager: 'm', dryRun: true });
  });
});

describe('parameters', () => {
  it.each<[query: string, watch: boolean, faults: string[]]>([
    ['limit=5&resourceVersion=0', false, []], ['resourceVersion=5&resourceVersionMatch=Exact', false, []],
    ['resourceVersionMatch=Exact', false, ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided']],
    ['resourceVersionMatch=Foo&continue=x', false, ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided', 'resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""']],
    ['resourceVersionMatch=Exact&resourceVersion=0', false, ['resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"']],
    ['sendInitialEvents=false', false, ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
    ['sendInitialEvents=true', true, ['resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan']],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan', true, []],
    ['resourceVersionMatch=NotOlderThan', true, ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided']],
    ['limit=x', false, ['strconv.ParseInt: parsing "x": invalid syntax']], ['timeoutSeconds=', true, ['strconv.ParseInt: parsing "": invalid syntax']],
    ['limit=99999999999999999999', false, ['strconv.ParseInt: parsing "99999999999999999999": value out of range']],
  ])('%s', (query, watch, faults) => {
    expect(faultsOf(() => listParameters(new URLSearchParams(query), watch))).toEqual(faults);
  });
  it.each<[text: string | null, value: boolean]>([[null, false], ['', true], ['true', true], ['1', true], ['yes', true], ['0', false], ['False', false], ['false', false]])('%s is %s', (text, value) => {
    expect(isTrue(text)).toBe(value);
  });
  it('are integers or absent', () => {
    expect(integerParameter(new URLSearchParams('a=-7'), 'a')).toBe(-7);
    expect(integerParameter(new URLSearchParams(), 'a')).toBeUndefined();
  });
});
