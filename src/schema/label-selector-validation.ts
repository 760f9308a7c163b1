// Rules a LabelSelector must pass, wherever it stands. (upstream: apimachinery pkg/apis/meta/v1/validation/validation.go)
import { child, forbidden, index, invalid, required, type Fault } from '../apimachinery/fault.ts';
import { isQualifiedName, isValidLabelValue } from '../apimachinery/names.ts';
import type { LabelSelectorObject } from '../apimachinery/selectors.ts';
import { validateLabels } from './metadata-validation.ts';

export function labelSelectorFaults(selector: LabelSelectorObject, path: string): Fault[] {
  const faults = validateLabels(selector.matchLabels, child(path, 'matchLabels'));
  (selector.matchExpressions ?? []).forEach(({ key, operator, values = [] }, i) => {
    const at = index(child(path, 'matchExpressions'), i);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) faults.push(required(child(at, 'values'), "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) faults.push(forbidden(child(at, 'values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else faults.push(invalid(child(at, 'operator'), operator, 'not a valid selector operator'));
    for (const message of isQualifiedName(key)) faults.push(invalid(child(at, 'key'), key, message));
    values.forEach((value, v) => { for (const message of isValidLabelValue(value)) faults.push(invalid(index(child(at, 'values'), v), value, message)); });
  });
  return faults;
}
