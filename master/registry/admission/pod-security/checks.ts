// The checks of the Pod security standards, in the order their verdicts are told, and since which version each counts.
// upstream: k8s.io/pod-security-admission/policy/registry.go
import * as baseline from './baseline-checks.ts';
import type { CheckedPod, Violation } from './pod.ts';
import type { LevelVersion } from './policy.ts';
import * as restricted from './restricted-checks.ts';

type CheckPod = (pod: CheckedPod) => Violation | undefined;
interface Check {
  readonly level: 'baseline' | 'restricted';
  /** From minor version to minor version, the last one that is not newer counts. */
  readonly since: readonly (readonly [minor: number, check: CheckPod])[];
  /** A check of the restricted standard, in the versions it has, stands in for this one of the baseline. */
  readonly replacedBy?: Check;
}

const capabilitiesRestricted: Check = { level: 'restricted', since: [[22, restricted.capabilitiesRestricted], [25, restricted.capabilitiesRestrictedSince25]] };
const restrictedVolumes: Check = { level: 'restricted', since: [[0, restricted.restrictedVolumes]] };
const seccompProfileRestricted: Check = { level: 'restricted', since: [[19, restricted.seccompProfileRestricted], [25, restricted.seccompProfileRestrictedSince25]] };

const checks: readonly Check[] = [
  { level: 'baseline', since: [[0, baseline.appArmorProfile]] },
  { level: 'baseline', since: [[0, baseline.capabilitiesBaseline]], replacedBy: capabilitiesRestricted },
  { level: 'baseline', since: [[0, baseline.hostNamespaces]] },
  { level: 'baseline', since: [[0, baseline.hostPathVolumes]], replacedBy: restrictedVolumes },
  { level: 'baseline', since: [[0, baseline.hostPorts]] },
  { level: 'baseline', since: [[0, baseline.privileged]] },
  { level: 'baseline', since: [[0, baseline.procMount]] },
  { level: 'baseline', since: [[0, baseline.seLinuxOptions], [31, baseline.seLinuxOptionsSince31]] },
  { level: 'baseline', since: [[0, baseline.seccompAnnotations], [19, baseline.seccompProfileBaseline]], replacedBy: seccompProfileRestricted },
  { level: 'baseline', since: [[0, baseline.sysctls], [27, baseline.sysctlsSince27], [29, baseline.sysctlsSince29], [32, baseline.sysctlsSince32]] },
  { level: 'baseline', since: [[0, baseline.windowsHostProcess]] },
  { level: 'restricted', since: [[8, restricted.allowPrivilegeEscalation], [25, restricted.allowPrivilegeEscalationSince25]] },
  capabilitiesRestricted,
  restrictedVolumes,
  { level: 'restricted', since: [[0, restricted.runAsNonRoot]] },
  { level: 'restricted', since: [[23, restricted.runAsUser]] },
  seccompProfileRestricted,
];

const inVersion = ({ since }: Check, minor: number): CheckPod | undefined => since.findLast(([first]) => first <= minor)?.[1];

/** What of a Pod, or of a template, violates a standard. */
export function violationsOf({ level, minor }: LevelVersion, pod: CheckedPod): Violation[] {
  if (level === 'privileged') return [];
  return checks.flatMap((check) => {
    if (check.level === 'restricted' && level === 'baseline') return [];
    if (level === 'restricted' && check.replacedBy && inVersion(check.replacedBy, minor)) return [];
    const found = inVersion(check, minor)?.(pod);
    return found ? [found] : [];
  });
}
