// The kubelet's eviction flags: what they mean, and what is wrong with them.
import { amountOf, parseEviction, reserved, type EvictionFlags } from '../../../../../agent/kubelet/eviction/thresholds.ts';

const gi = 2 ** 30;
const said = (flags: EvictionFlags): string[] => parseEviction(flags).thresholds.map(({ signal, value, graceMs, minReclaim }) =>
  [signal, 'part' in value ? `${value.part * 100}%` : value.quantity, ...(graceMs ? [`for ${graceMs}`] : []), ...(minReclaim ? [`reclaims ${amountOf(minReclaim, 1000)}`] : [])].join(' '));

it('has the defaults of Kubernetes', () => {
  expect(said({})).toEqual([`memory.available ${100 * 2 ** 20}`, 'nodefs.available 5%', 'nodefs.inodesFree 5%', 'imagefs.available 5%', 'imagefs.inodesFree 5%']);
  expect(parseEviction({})).toMatchObject({ transitionMs: 300_000, maxPodGraceSeconds: 0 });
});
it.each<[string, EvictionFlags, string[]]>([
  ['nothing', { evictionHard: '' }, []],
  ['a list with blanks', { evictionHard: ' memory.available<1Gi , pid.available<10% ' }, [`memory.available ${gi}`, 'pid.available 10%']],
  ['0% and 100% as off', { evictionHard: 'nodefs.available<0%,imagefs.available<100%,memory.available<5%' }, ['memory.available 5%']],
  ['soft beside hard', { evictionHard: 'memory.available<100', evictionSoft: 'memory.available<200', evictionSoftGracePeriod: 'memory.available=1m30s' }, ['memory.available 100', 'memory.available 200 for 90000']],
  ['what is to be reclaimed', { evictionHard: 'nodefs.available<10%', evictionMinimumReclaim: 'nodefs.available=5%' }, ['nodefs.available 10% reclaims 50']],
])('takes %s', (_, flags, expected) => expect(said(flags)).toEqual(expected));

it.each<[EvictionFlags, string]>([
  [{ evictionHard: 'memory.available' }, '--eviction-hard: invalid eviction statement "memory.available": expected SIGNAL<VALUE'],
  [{ evictionHard: 'memory.free<1Gi' }, '--eviction-hard: unsupported eviction signal memory.free'],
  [{ evictionHard: 'memory.available<1Gi,memory.available<2Gi' }, '--eviction-hard: duplicate eviction signal memory.available'],
  [{ evictionHard: 'memory.available<lots' }, '--eviction-hard: eviction threshold memory.available is no quantity: lots'],
  [{ evictionHard: 'memory.available<-1Gi' }, '--eviction-hard: eviction threshold memory.available must be positive: -1Gi'],
  [{ evictionHard: 'memory.available<0' }, '--eviction-hard: eviction threshold memory.available must be positive: 0'],
  [{ evictionHard: 'nodefs.available<120%' }, '--eviction-hard: eviction threshold nodefs.available must be > 0% and <= 100%: 120%'],
  [{ evictionHard: 'nodefs.available<%' }, '--eviction-hard: eviction threshold nodefs.available must be > 0% and <= 100%: %'],
  [{ evictionSoft: 'memory.available<1Gi' }, '--eviction-soft: grace period must be specified for the soft eviction threshold memory.available'],
  [{ evictionSoft: 'memory.available<1Gi', evictionSoftGracePeriod: 'memory.available=soon' }, '--eviction-soft-grace-period: time: invalid duration "soon"'],
  [{ evictionSoftGracePeriod: 'memory.available=-1m' }, '--eviction-soft-grace-period: invalid eviction grace period specified: -1m, must be a positive value'],
  [{ evictionMinimumReclaim: 'nodefs.available<1Gi' }, '--eviction-minimum-reclaim: invalid eviction statement "nodefs.available<1Gi": expected SIGNAL=VALUE'],
  [{ evictionMaxPodGracePeriod: '1m' }, '--eviction-max-pod-grace-period: "1m" is not a number of seconds'],
  [{ evictionPressureTransitionPeriod: 'never' }, '--eviction-pressure-transition-period: time: invalid duration "never"'],
])('refuses %j', (flags, message) => expect(() => parseEviction(flags)).toThrow(expect.objectContaining({ message })));

it('keeps back from Pods what hard thresholds keep free', () => {
  const { thresholds } = parseEviction({ evictionHard: 'memory.available<1Gi,nodefs.available<10%', evictionSoft: 'pid.available<50%', evictionSoftGracePeriod: 'pid.available=1m' });
  expect([reserved(thresholds, 'memory.available', 8 * gi), reserved(thresholds, 'nodefs.available', 1000), reserved(thresholds, 'imagefs.available', 1000), reserved(thresholds, 'pid.available', 1000)]).toEqual([gi, 100, 0, 0]);
});
