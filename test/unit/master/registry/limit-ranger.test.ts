// LimitRanges: defaults of containers, and what is outside the bounds in Kubernetes' words.
import { applyLimitDefaults, claimLimitFaults, podLimitFaults } from '../../../../master/registry/admission/limit-ranger.ts';
import type { LimitRange } from '../../../../src/api/core/limit-range.ts';
import type { ApiObject } from '../../../../src/schema/resource.ts';

const range = (...limits: object[]): LimitRange => ({ spec: { limits } }) as unknown as LimitRange;
const container = (name: string, requests?: object, limits?: object) => ({ name, ...(requests || limits ? { resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) } } : {}) });
const pod = (...containers: object[]): ApiObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } }) as unknown as ApiObject;

it('fill what containers leave open, and say so', () => {
  const given = pod(container('a', { cpu: '1' }), container('b'));
  (given['spec'] as { initContainers?: object[] }).initContainers = [container('i', undefined, { memory: '1Gi', cpu: '2' })];
  applyLimitDefaults(range({ type: 'Container', default: { memory: '2Gi', cpu: '2' }, defaultRequest: { cpu: '100m' } }, { type: 'Pod', max: { cpu: '9' } }), given);
  expect(given['spec']).toEqual({
    containers: [container('a', { cpu: '1' }, { memory: '2Gi', cpu: '2' }), container('b', { cpu: '100m' }, { memory: '2Gi', cpu: '2' })],
    initContainers: [container('i', { cpu: '100m' }, { memory: '1Gi', cpu: '2' })],
  });
  expect(given.metadata.annotations).toEqual({ 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu, memory limit for container a; cpu request for container b; cpu, memory limit for container b; cpu request for init container i' });
});

describe('what is outside the bounds', () => {
  it.each<[item: object, containers: object[], faults: string[]]>([
    [{ type: 'Container', min: { cpu: '100m' } }, [container('a')], ['minimum cpu usage per Container is 100m.  No request is specified']],
    [{ type: 'Container', min: { cpu: '100m' } }, [container('a', { cpu: '50m' })], ['minimum cpu usage per Container is 100m, but request is 50m']],
    [{ type: 'Container', min: { cpu: '100m' } }, [container('a', { cpu: '1' }, { cpu: '50m' })], ['minimum cpu usage per Container is 100m, but limit is 50m']],
    [{ type: 'Container', max: { memory: '1Gi' } }, [container('a')], ['maximum memory usage per Container is 1Gi.  No limit is specified']],
    [{ type: 'Container', max: { memory: '1Gi' } }, [container('a', { memory: '2Gi' }, { memory: '3Gi' })], ['maximum memory usage per Container is 1Gi, but limit is 3Gi']],
    [{ type: 'Container', max: { memory: '1Gi' } }, [container('a', { memory: '2Gi' }, { memory: '1Gi' })], ['maximum memory usage per Container is 1Gi, but request is 2Gi']],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }, [container('a', { cpu: '0' })], ['cpu max limit to request ratio per Container is 2, but no request is specified or request is 0']],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }, [container('a', { cpu: '1' })], ['cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0']],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }, [container('a', { cpu: '1' }, { cpu: '2500m' })], ['cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000']],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2500m' } }, [container('a', { cpu: '1' }, { cpu: '2500m' })], []],
    [{ type: 'Pod', max: { cpu: '1' } }, [container('a', { cpu: '600m' }, { cpu: '600m' }), container('b', { cpu: '600m' }, { cpu: '600m' })], ['maximum cpu usage per Pod is 1, but limit is 1200m']],
  ])('%j of %j', (item, containers, faults) => { expect(podLimitFaults(range(item), pod(...containers))).toEqual(faults); });
  it.each<[item: object, requests: object, faults: string[]]>([
    [{ min: { storage: '1Gi' } }, { storage: '1Mi' }, ['minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi']],
    [{ max: { storage: '1Gi' } }, { storage: '2Gi' }, ['maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi']],
    [{ max: { storage: '1Gi' } }, { storage: '1Gi' }, []],
  ])('%j of a claim of %j', (item, requests, faults) => {
    expect(claimLimitFaults(range({ type: 'PersistentVolumeClaim', ...item }), { spec: { resources: { requests } } } as unknown as ApiObject)).toEqual(faults);
  });
});
