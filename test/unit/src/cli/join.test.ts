// What the flags of `dray join` may say, and how a clock that is wrong is told.
import type { JoinRecord } from '../../../../src/cli/cluster.ts';
import { invitation, masterURL, type JoinOptions } from '../../../../src/cli/join.ts';
import { clockFault } from '../../../../src/cli/join-bootstrap.ts';

const url = 'https://192.0.2.10:6443';
const whole: JoinOptions = { dataDir: '/nowhere', token: 'abcdef.0123456789abcdef', caHash: `sha256:${'a'.repeat(64)}` };
const record: JoinRecord = { version: 1, server: url, nodeName: 'node2', dockerHost: 'unix:///var/run/docker.sock', proxyMode: 'auto', installedPackages: [] };

it('the whole line is an invitation', () => {
  expect(invitation(`${url}/`, whole, undefined)).toEqual({ server: url, token: { id: 'abcdef', secret: '0123456789abcdef' }, caHash: whole.caHash });
});
it.each<[string, string | undefined, Partial<JoinOptions>, JoinRecord | undefined, RegExp]>([
  ['http', 'http://192.0.2.10:6443', {}, undefined, /^"http:\/\/192\.0\.2\.10:6443" is no URL of a master/],
  ['a path', `${url}/api`, {}, undefined, /is no URL of a master/],
  ['no URL', undefined, {}, undefined, /^the first start needs the URL of the master, --token and --ca-hash/],
  ['a short token', url, { token: 'abcdef.0123' }, undefined, /^--token: it must be of the form/],
  ['another hash', url, { caHash: 'md5:00' }, undefined, /^--ca-hash: it must be/],
  ['a name no node may have', url, { nodeName: 'Node_2' }, undefined, /^--node-name "Node_2": /],
  ['another master later', 'https://192.0.2.99:6443', {}, record, /^the master: this host has joined as node2 at https:\/\/192\.0\.2\.10:6443/],
  ['another name later', undefined, { nodeName: 'node3' }, record, /^--node-name: this host has joined as node2/],
])('%s is refused', (_, server, more, known, message) => {
  expect(() => invitation(server, { ...whole, ...more }, known)).toThrow(message);
});
it('a later start needs nothing, and may say what the first one did', () => {
  expect(invitation(undefined, { dataDir: '/nowhere' }, record)).toBeUndefined();
  expect(invitation(url, { ...whole, nodeName: 'node2' }, record)).toBeUndefined();
});
it('IPv6 and names are URLs too', () => { expect(['https://[2001:db8::1]:6443', 'https://master.example'].map(masterURL)).toEqual(['https://[2001:db8::1]:6443', 'https://master.example']); });

const minute = 60_000;
it.each<[number, number | undefined, RegExp | undefined]>([
  [0, undefined, undefined], [0, 5 * minute, undefined], [5 * minute, 0, undefined], [0, 10 * minute, /^the clock of this host is 10m behind the master's/], [48 * 60 * minute, 0, /^the clock of this host is 2d ahead of the master's/],
])('this clock at %d, the master\'s at %s', (now, master, message) => {
  const fault = clockFault(now, master);
  if (message) expect(fault).toMatch(message);
  else expect(fault).toBeUndefined();
});
