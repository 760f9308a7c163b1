// Jobs: how many Pods at a time, when a Job ends and why, what is counted, and what policies say.
import fc from 'fast-check';
import { finishedAt, nextBackoff, noFailures, remainingBackoff } from '../../../../master/controllers/job/backoff.ts';
import { jobFacts } from '../../../../master/controllers/job/facts.ts';
import { firstFree, formatIndexes, hasIndex, parseIndexes, total, union, withIndexes } from '../../../../master/controllers/job/indexes.ts';
import { completionIndexKey, failureCountAnnotation, newJobPod, trackingFinalizer } from '../../../../master/controllers/job/job-pods.ts';
import { planJob, type JobPlan } from '../../../../master/controllers/job/plan.ts';
import { judgeFailure, metSuccessRule } from '../../../../master/controllers/job/policies.ts';
import { timeLeft } from '../../../../master/controllers/ttlafterfinished/ttl-after-finished-controller.ts';
import type { Job } from '../../../../src/api/batch/job.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, job, pod, t0 } from './objects.ts';

interface Member { readonly phase?: string; readonly exit?: number; readonly index?: number; readonly failures?: number; readonly ending?: boolean; readonly untracked?: boolean; readonly ready?: boolean; readonly restarts?: number; readonly end?: number }
let serial = 0;
function member({ phase = 'Running', exit, index, failures, ending, untracked, ready, restarts = 0, end = 0 }: Member, name = `p${serial++}`): Pod {
  const annotations = { ...(index === undefined ? {} : { [completionIndexKey]: String(index) }), ...(failures === undefined ? {} : { [failureCountAnnotation]: String(failures) }) };
  const terminated = exit === undefined ? {} : { state: { terminated: { exitCode: exit, finishedAt: at(end) } } };
  return pod({
    metadata: { name, annotations, finalizers: untracked ? [] : [trackingFinalizer], ...(ending ? { deletionTimestamp: at(1) } : {}) },
    status: { phase, containerStatuses: [{ name: 'c', restartCount: restarts, ...terminated }] }, ...(ready ? { ready: 0 } : {}),
  } as Parameters<typeof pod>[0]);
}
const succeeded = (more: Member = {}): Pod => member({ phase: 'Succeeded', exit: 0, ...more });
const failed = (more: Member = {}): Pod => member({ phase: 'Failed', exit: 1, ...more });
const running = (more: Member = {}): Pod => member(more);

const now = t0 + 3_600_000;
const plan = (j: Job, pods: readonly Pod[], time = now): JobPlan => planJob(jobFacts(j, pods, noFailures), time);
const types = ({ status }: JobPlan): string => (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`).join(', ');
const indexed = (spec: Draft<Job['spec']> = {}, status: Draft<Job['status']> = {}): Job => job({ spec: { completionMode: 'Indexed', completions: 4, parallelism: 2, ...spec }, status });

describe('how many Pods', () => {
  it.each<[string, Draft<Job['spec']>, Pod[], number, number]>([
    ['begins with as many as may run', { completions: 5, parallelism: 2 }, [], 2, 0],
    ['makes no more than are missing', { completions: 2, parallelism: 5 }, [succeeded()], 1, 0],
    ['keeps those that run', { completions: 5, parallelism: 2 }, [running(), running()], 0, 0],
    ['removes what is too many', { completions: 5, parallelism: 1 }, [running(), running()], 0, 1],
    ['is paused by a parallelism of 0', { completions: 5, parallelism: 0 }, [running()], 0, 1],
    ['without completions runs all at once', { completions: undefined, parallelism: 3 }, [], 3, 0],
    ['without completions makes none after a success', { completions: undefined, parallelism: 3 }, [succeeded(), running()], 0, 0],
    ['suspended removes all', { suspend: true, parallelism: 2 }, [running(), running()], 0, 2],
    ['replaces one that is ending', { completions: 2, parallelism: 1 }, [running({ ending: true })], 1, 0],
    ['replaces one that is ending only when it has failed', { completions: 2, parallelism: 1, podReplacementPolicy: 'Failed' }, [running({ ending: true })], 0, 0],
  ])('%s', (_, spec, pods, create, remove) => {
    const made = planJob({ ...jobFacts(job({ spec }), pods, noFailures), backoff: noFailures }, now);
    expect([made.create.length, made.remove.length]).toEqual([create, remove]);
    expect(made.keepTracking).toBe(false);
  });
  it('gives each index once, the lowest first', () => {
    expect(plan(indexed(), [running({ index: 1 })]).create).toEqual([{ index: 0 }]);
    expect(plan(indexed({}, { completedIndexes: '0,1' }), []).create).toEqual([{ index: 2 }, { index: 3 }]);
    const twice = [running({ index: 0, ready: true }), running({ index: 0 }), running({ index: 9 }), running()];
    expect(plan(indexed({ parallelism: 9 }), twice).remove).toEqual(expect.arrayContaining(twice.slice(1)));
    expect(plan(indexed({ parallelism: 9 }), twice).remove).toHaveLength(3);
  });
  it('waits longer after each failure, and not after a success', () => {
    expect(plan(job({ spec: { completions: 2 } }), [failed({ end: 3598 })])).toMatchObject({ create: [], requeueAfter: 8000 });
    expect(plan(job({ spec: { completions: 2 } }), [failed({ end: 3590 }), succeeded({ end: 3595 })]).create).toHaveLength(1);
    expect([1, 2, 3, 7, 20].map((failures) => remainingBackoff({ failures, lastFailure: 0 }, 0))).toEqual([10_000, 20_000, 40_000, 600_000, 600_000]);
    expect(nextBackoff({ failures: 2, lastFailure: 5 }, [], [failed({ end: 9 }), failed({ end: 7 })])).toEqual({ failures: 4, lastFailure: t0 + 9000 });
    expect(nextBackoff({ failures: 2, lastFailure: 5 }, [succeeded({ end: 8 })], [failed({ end: 9 }), failed({ end: 7 })])).toEqual({ failures: 1, lastFailure: t0 + 9000 });
  });
});

describe('the end', () => {
  const ended = (type: string, reason = 'R', message = 'M') => ({ conditions: [{ type, status: 'True', reason, message, lastTransitionTime: at(0) }], startTime: at(0) }) as never;
  it.each<[string, Job, Pod[], string]>([
    ['completions are reached', job({ spec: { completions: 1 } }), [succeeded()], 'SuccessCriteriaMet=True CompletionsReached'],
    ['not while a Pod is counted on', job({ spec: { completions: 2 } }), [succeeded(), running()], ''],
    ['none are wanted', job({ spec: { completions: 0 } }), [], 'SuccessCriteriaMet=True CompletionsReached'],
    ['one success is enough without completions, when no Pod runs', job({ spec: { completions: undefined } }), [succeeded()], 'SuccessCriteriaMet=True CompletionsReached'],
    ['too many failures', job({ spec: { backoffLimit: 1 } }), [failed(), failed()], 'FailureTarget=True BackoffLimitExceeded'],
    ['as many failures as may be', job({ spec: { backoffLimit: 2 } }), [failed(), failed()], ''],
    ['too many restarts', job({ spec: { backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure' } } } as never }), [running({ restarts: 2 })], 'FailureTarget=True BackoffLimitExceeded'],
    ['the deadline', job({ spec: { activeDeadlineSeconds: 3600 }, status: { startTime: at(0) } }), [running()], 'FailureTarget=True DeadlineExceeded'],
    ['no deadline while suspended', job({ spec: { activeDeadlineSeconds: 3600, suspend: true }, status: { startTime: at(0) } }), [], 'Suspended=True JobSuspended'],
    ['an index that failed', indexed({ completions: 1, backoffLimitPerIndex: 0, backoffLimit: 99 }), [failed({ index: 0 })], 'FailureTarget=True FailedIndexes'],
    ['too many indexes that failed', indexed({ backoffLimitPerIndex: 0, maxFailedIndexes: 0, backoffLimit: 99 }), [failed({ index: 0 }), running({ index: 1 })], 'FailureTarget=True MaxFailedIndexesExceeded'],
    ['a policy of success', indexed({ successPolicy: { rules: [{ succeededIndexes: '0' }] } }), [succeeded({ index: 0 }), running({ index: 1 })], 'SuccessCriteriaMet=True SuccessPolicy'],
    ['a policy of failure', job({ spec: { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }] } } as never }), [failed()], 'FailureTarget=True PodFailurePolicy'],
    ['failures that are ignored', job({ spec: { backoffLimit: 0, podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }] } } as never }), [failed()], ''],
    ['being resumed', job({ status: { conditions: [{ type: 'Suspended', status: 'True' }], startTime: at(0) } as never }), [], 'Suspended=False JobResumed'],
  ])('%s', (_, j, pods, expected) => { expect(types(plan(j, pods))).toBe(expected); });

  it('is told before anything is ended or let go, then carried out, then final', () => {
    const pods = [failed(), running({ ready: true })];
    const first = plan(job({ spec: { completions: 3, parallelism: 2, backoffLimit: 0 } }), pods);
    expect(first).toMatchObject({ create: [], remove: [], untrack: [], status: { active: 1, ready: 1, uncountedTerminatedPods: { failed: [pods[0]!.metadata.uid] } } });
    const second = plan(job({ status: { ...first.status } }), pods);
    expect(second).toMatchObject({ remove: [pods[1]], keepTracking: true, status: { active: 0, ready: 0, terminating: 1 } });
    expect(second.untrack).toEqual([pods[0]]);
    const gone = plan(job({ status: { ...second.status, uncountedTerminatedPods: {}, failed: 2 } }), []);
    expect(types(gone)).toBe('FailureTarget=True BackoffLimitExceeded, Failed=True BackoffLimitExceeded');
    expect(gone.events).toEqual([{ type: 'Warning', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }]);
  });
  it('is final only when no Pod is ending any more', () => {
    expect(types(plan(job({ status: ended('FailureTarget') }), [running({ ending: true, untracked: true })]))).toBe('FailureTarget=True R');
    expect(types(plan(job({ status: ended('SuccessCriteriaMet') }), []))).toBe('SuccessCriteriaMet=True R, Complete=True R');
    expect(plan(job({ status: ended('SuccessCriteriaMet') }), []).status.completionTime).toBe(at(3600));
  });
  it('by success does not count those it ends as failed; by failure it does', () => {
    const ending = running({ ending: true });
    expect(plan(job({ status: ended('SuccessCriteriaMet') }), [ending])).toMatchObject({ untrack: [ending], status: { uncountedTerminatedPods: {} } });
    expect(plan(job({ status: ended('FailureTarget') }), [ending])).toMatchObject({ untrack: [], status: { uncountedTerminatedPods: { failed: [ending.metadata.uid] } } });
  });
  it('lets all Pods go when the Job is deleted', () => {
    const pods = [running(), succeeded()];
    expect(plan(job({ metadata: { deletionTimestamp: at(1) }, spec: { completions: 9 } }), pods)).toMatchObject({ create: [], remove: [], untrack: [pods[0]] });
  });
});

describe('counting', () => {
  it('puts a Pod into the status before it may go, and counts it when it has gone', () => {
    const done = succeeded();
    const first = plan(job({ spec: { completions: 2 } }), [done]);
    expect(first).toMatchObject({ untrack: [], status: { uncountedTerminatedPods: { succeeded: [done.metadata.uid] } } });
    expect(first.status.succeeded ?? 0).toBe(0);
    const second = plan(job({ spec: { completions: 2 }, status: first.status }), [done]);
    expect(second.untrack).toEqual([done]);
    expect(plan(job({ spec: { completions: 2 }, status: first.status }), [{ ...done, metadata: { ...done.metadata, finalizers: [] } } as Pod]).status).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {} });
  });
  it('knows an index by itself', () => {
    const done = succeeded({ index: 2 });
    const first = plan(indexed(), [done]);
    expect(first).toMatchObject({ untrack: [], status: { succeeded: 1, completedIndexes: '2', uncountedTerminatedPods: {} } });
    expect(plan(indexed({}, first.status), [done]).untrack).toEqual([done]);
  });
  it('keeps a failed Pod of an index until its successor has its count', () => {
    const before = failed({ index: 0, failures: 1, end: 3500 });
    const j = indexed({ completions: 1, backoffLimitPerIndex: 3, backoffLimit: 99 });
    const first = plan(j, [before]);
    expect(first).toMatchObject({ create: [{ index: 0, replaced: before }], untrack: [], status: { failedIndexes: '', uncountedTerminatedPods: {} } });
    expect(newJobPod(j, 0, before).metadata!.annotations).toMatchObject({ [failureCountAnnotation]: '2' });
    const after = plan(j, [before, running({ index: 0, failures: 2 })]);
    expect(after.status.uncountedTerminatedPods).toEqual({ failed: [before.metadata.uid] });
    const last = failed({ index: 0, failures: 3 });
    expect(plan(j, [last]).status.failedIndexes).toBe('0');
  });
});

describe('whatever happens', () => {
  const scenario = fc.record({
    completions: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }), parallelism: fc.integer({ min: 1, max: 3 }), indexedMode: fc.boolean(), perIndex: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
    backoffLimit: fc.integer({ min: 0, max: 3 }), replaceFailed: fc.boolean(), policy: fc.boolean(), luck: fc.array(fc.nat(99), { minLength: 50, maxLength: 50 }),
  });
  it('ends, counts every Pod once, and never runs more than it may', () => {
    fc.assert(fc.property(scenario, ({ completions, parallelism, indexedMode, perIndex, backoffLimit, replaceFailed, policy, luck }) => {
      const isIndexed = indexedMode && completions !== undefined && completions > 0;
      const usesIndex = isIndexed && perIndex !== undefined;
      let current = job({ spec: {
        completions, parallelism, backoffLimit: usesIndex ? 99 : backoffLimit, completionMode: isIndexed ? 'Indexed' : 'NonIndexed', ...(usesIndex ? { backoffLimitPerIndex: perIndex } : {}),
        podReplacementPolicy: replaceFailed || policy ? 'Failed' : 'TerminatingOrFailed', ...(policy ? { podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } }] } } : {}),
      } as never });
      const world = new Map<string, Pod>();
      const outcome = { succeeded: new Set<string>(), failed: new Set<string>() };
      const indexes = new Set<number>();
      let record = noFailures;
      let time = now;
      const put = (p: Pod): void => { world.set(p.metadata.uid, p); };
      const finished = (): boolean => (current.status!.conditions ?? []).some(({ type }) => type === 'Complete' || type === 'Failed');
      for (let pass = 0; pass < 400 && !finished(); pass++, time += 5000) {
        const facts = jobFacts(current, [...world.values()], record);
        const made = planJob(facts, time);
        expect(made.create.length === 0 || made.remove.length === 0).toBe(true);
        for (const { index, replaced } of made.create) {
          const draft = newJobPod(current, index, replaced);
          put(member({ phase: 'Pending', ...(index === undefined ? {} : { index }), ...(replaced ? { failures: Number(draft.metadata!.annotations![failureCountAnnotation]) } : {}) }));
        }
        const active = [...world.values()].filter((p) => !p.metadata.deletionTimestamp && p.status!.phase !== 'Succeeded' && p.status!.phase !== 'Failed');
        expect(active.length).toBeLessThanOrEqual(parallelism);
        if (isIndexed) expect(new Set(active.map((p) => p.metadata.annotations![completionIndexKey])).size).toBe(active.length);
        for (const p of made.remove) put({ ...p, metadata: { ...p.metadata, deletionTimestamp: at(9), finalizers: made.keepTracking ? [trackingFinalizer] : [] } } as Pod);
        for (const terminal of ['succeeded', 'failed'] as const) if (!(isIndexed && terminal === 'succeeded')) expect(made.status[terminal] ?? 0).toBeGreaterThanOrEqual(current.status![terminal] ?? 0);
        if (JSON.stringify(made.status) !== JSON.stringify(current.status)) { current = { ...current, status: made.status } as Job; record = facts.backoff; }
        else for (const p of made.untrack) put({ ...p, metadata: { ...p.metadata, finalizers: [] } } as Pod);
        for (const p of [...world.values()]) {
          const { uid, name, annotations, finalizers, deletionTimestamp } = p.metadata;
          const dice = luck[(pass * 3 + Number(name.slice(1))) % luck.length]!;
          const done = p.status!.phase === 'Succeeded' || p.status!.phase === 'Failed';
          if (deletionTimestamp && dice < 80) { if (done && !finalizers?.length) world.delete(uid); else if (!done) put({ ...p, status: { ...p.status, phase: 'Failed' } } as Pod); }
          else if (!done && dice < 60) {
            // In the end every Pod succeeds, lest a Job with much patience takes the test's.
            const exit = pass > 100 || dice < 30 ? 0 : dice < 40 ? 7 : 1;
            put({ ...p, status: { ...p.status, phase: exit === 0 ? 'Succeeded' : 'Failed', containerStatuses: [{ name: 'c', restartCount: 0, state: { terminated: { exitCode: exit, finishedAt: new Date(time).toISOString() } } }] } } as unknown as Pod);
            if (exit === 0) { outcome.succeeded.add(uid); if (isIndexed) indexes.add(Number(annotations![completionIndexKey])); }
            else if (!(policy && exit === 7)) outcome.failed.add(uid);
          }
        }
      }
      expect(finished()).toBe(true);
      const { status } = current;
      if (isIndexed) expect(status!.completedIndexes).toBe(formatIndexes(withIndexes([], indexes)));
      else expect(status!.succeeded ?? 0).toBe(outcome.succeeded.size);
      expect(status!.failed ?? 0).toBeGreaterThanOrEqual(outcome.failed.size);
      expect(status!.uncountedTerminatedPods).toEqual({});
      const complete = status!.conditions!.some(({ type }) => type === 'Complete');
      if (complete && completions !== undefined) expect(status!.succeeded ?? 0).toBeGreaterThanOrEqual(completions);
      expect([...world.values()].filter((p) => p.metadata.finalizers?.length)).toEqual([]);
    }));
  });
});

describe('policies', () => {
  const rules = [
    { action: 'FailIndex', onExitCodes: { containerName: 'other', operator: 'In', values: [1] } }, { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'Count', onExitCodes: { operator: 'In', values: [3] } }, { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [5] } },
  ] as never;
  it.each<[string, Pod, object]>([
    ['the first rule that matches', member({ phase: 'Failed', exit: 3 }), { action: 'Count', counted: true }],
    ['none', member({ phase: 'Failed', exit: 5 }), { counted: true }],
    ['an exit code that is not listed', member({ phase: 'Failed', exit: 9 }, 'x'), { action: 'FailJob', counted: true, message: 'Container c for pod default/x failed with exit code 9 matching FailJob rule at index 3' }],
    ['a condition', pod({ status: { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] } as never }), { action: 'Ignore', counted: false }],
  ])('%s', (_, p, expected) => { expect(judgeFailure({ rules }, p)).toEqual(expected); });
  it('says which condition failed the Job', () => {
    const policy = { rules: [{ action: 'FailJob', onPodConditions: [{ type: 'ConfigIssue', status: 'True' }] }] } as never;
    expect(judgeFailure(policy, pod({ metadata: { name: 'x' }, status: { conditions: [{ type: 'ConfigIssue', status: 'True' }] } as never })).message).toBe('Pod default/x has condition ConfigIssue matching FailJob rule at index 0');
  });
  it.each<[object[], string, string | undefined]>([
    [[{ succeededIndexes: '0-2' }], '0-2', 'Matched rules at index 0'], [[{ succeededIndexes: '0-2' }], '0,1', undefined], [[{ succeededIndexes: '0-2', succeededCount: 2 }], '0,1,5', 'Matched rules at index 0'],
    [[{ succeededCount: 3 }, { succeededCount: 2 }], '4,5', 'Matched rules at index 1'], [[{ succeededCount: 0 }], '', undefined],
  ])('success %j with %s', (given, done, expected) => { expect(metSuccessRule({ rules: given } as never, parseIndexes(done, 10), 10)).toBe(expected); });
});

describe('indexes', () => {
  it.each([['1,3-5', '1,3-5'], ['0,1,2', '0-2'], ['1,2', '1,2'], ['', ''], ['x,2', '2'], ['3-20', '3-9'], ['12', '']])('%s', (text, expected) => { expect(formatIndexes(parseIndexes(text, 10))).toBe(expected); });
  it('behave as sets of numbers', () => {
    const numbers = fc.array(fc.nat(30));
    fc.assert(fc.property(numbers, numbers, fc.nat(10), (a, b, count) => {
      const set = new Set([...a, ...b]);
      const both = union(withIndexes([], a), withIndexes([], b));
      expect(total(both)).toBe(set.size);
      expect(parseIndexes(formatIndexes(both), 31)).toEqual(both);
      for (let i = 0; i <= 30; i++) expect(hasIndex(both, i)).toBe(set.has(i));
      expect(firstFree(both, count, 31)).toEqual(Array.from({ length: 31 }, (_, i) => i).filter((i) => !set.has(i)).slice(0, count));
    }));
  });
});

describe('the Pods', () => {
  it('know their index by environment, annotation, label and host name', () => {
    expect(newJobPod(indexed(), 3, undefined)).toMatchObject({
      metadata: { generateName: 'work-3-', finalizers: [trackingFinalizer], annotations: { [completionIndexKey]: '3' }, labels: { [completionIndexKey]: '3', 'job-name': 'work' }, ownerReferences: [{ kind: 'Job', controller: true }] },
      spec: { hostname: 'work-3', containers: [{ env: [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexKey}']` } } }] }] },
    });
    expect(newJobPod(job(), undefined, undefined)).toMatchObject({ metadata: { generateName: 'work-', finalizers: [trackingFinalizer] }, spec: { restartPolicy: 'Never' } });
  });
  it.each<[string, Pod, number]>([
    ['by their containers', succeeded({ end: 7 }), 7], ['by their Ready condition', pod({ status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(8) }] } as never }), 8],
    ['by their deletion', pod({ metadata: { deletionTimestamp: at(40), deletionGracePeriodSeconds: 30 } }), 10], ['by nothing else than their creation', pod(), 0],
  ])('ended %s', (_, p, seconds) => { expect(finishedAt(p)).toBe(t0 + seconds * 1000); });
});

it('a finished Job is deleted when its time has come', () => {
  const done = (spec: Draft<Job['spec']>, more: Draft<Job['metadata']> = {}): Job => job({ metadata: more, spec, status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: at(10) }] } as never });
  expect([timeLeft(done({ ttlSecondsAfterFinished: 5 }), t0 + 12_000), timeLeft(done({}), t0), timeLeft(done({ ttlSecondsAfterFinished: 5 }, { deletionTimestamp: at(1) }), t0), timeLeft(job({ spec: { ttlSecondsAfterFinished: 5 } }), t0)]).toEqual([3000, undefined, undefined, undefined]);
});
