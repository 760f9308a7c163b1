// NetworkPolicy: which traffic the Pods of a namespace take and send. (upstream: pkg/apis/networking/validation/validation.go, pkg/apis/networking/v1/defaults.go)
import { child, forbidden, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { cidrVersion, isValidCIDR, isValidPortName, isValidPortNum } from '../../apimachinery/names.ts';
import { labelSelectorText } from '../../apimachinery/selectors.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, intOrString, object, required, string, types, type FieldsValue } from '../../schema/schema.ts';
import { rangeWarnings } from '../address-warnings.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages } from '../value-faults.ts';
import { contains } from './address-range.ts';

const networking = 'io.k8s.api.networking.v1';
const policyTypes = ['Ingress', 'Egress'];

function portFaults({ port, endPort }: { port?: number | string; endPort?: number }, path: string): Fault[] {
  const [at, endPath] = [child(path, 'port'), child(path, 'endPort')];
  if (port === undefined) return endPort === undefined ? [] : [invalid(endPath, endPort, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string') {
    return [...(endPort === undefined ? [] : [invalid(endPath, endPort, 'may not be specified when `port` is non-numeric')]), ...messages(at, port, isValidPortName(port))];
  }
  const faults = messages(at, port, isValidPortNum(port));
  if (endPort === undefined) return faults;
  if (endPort < port) faults.push(invalid(endPath, port, 'must be greater than or equal to `port`'));
  return [...faults, ...messages(endPath, endPort, isValidPortNum(endPort))];
}

export const networkPolicyPort = object('NetworkPolicyPort', {
  protocol: string(1, { pointer: true, default: 'TCP', enum: ['TCP', 'UDP', 'SCTP'], doc: 'TCP, UDP or SCTP.' }),
  port: intOrString(2, { pointer: true, doc: 'Port by number or by name of a container\'s; all when absent.' }),
  endPort: int32(3, { pointer: true, doc: 'Last port of a range that begins at port.' }),
}, { package: networking, doc: 'A port, or a range of ports.', validate: portFaults });

export const ipBlock = object('IPBlock', {
  cidr: string(1, { required: true, format: 'cidr', doc: 'Range of addresses, for example 10.0.0.0/8.' }),
  except: array(2, types.string, { listType: 'atomic', doc: 'Parts of the range that do not count.' }),
}, {
  package: networking, doc: 'A range of addresses.',
  validate: ({ cidr, except }, path) => (cidrVersion(cidr) === 0 ? [] : except ?? []).flatMap((part, i) => {
    const at = index(child(path, 'except'), i);
    if (cidrVersion(part) === 0) return messages(at, part, isValidCIDR(part));
    return contains(cidr, part) ? [] : [invalid(at, part, 'must be a strict subset of `cidr`')];
  }),
});

export const networkPolicyPeer = object('NetworkPolicyPeer', {
  podSelector: field(1, labelSelector, { doc: 'Pods that are meant, in the chosen namespaces.' }),
  namespaceSelector: field(2, labelSelector, { doc: 'Namespaces that are meant; the policy\'s own when absent.' }),
  ipBlock: field(3, ipBlock, { doc: 'Addresses that are meant; nothing else may stand beside it.' }),
}, {
  package: networking, doc: 'Someone to talk to.',
  validate: (peer, path) => {
    const count = [peer.podSelector, peer.namespaceSelector, peer.ipBlock].filter((part) => part !== undefined).length;
    if (count === 0) return [requiredFault(path, 'must specify a peer')];
    return count > 1 && peer.ipBlock ? [forbidden(path, 'may not specify both ipBlock and another peer')] : [];
  },
});

const ports = array(1, networkPolicyPort, { listType: 'atomic', doc: 'Ports; all when empty.' });
export const networkPolicyIngressRule = object('NetworkPolicyIngressRule', {
  ports, from: array(2, networkPolicyPeer, { listType: 'atomic', doc: 'Who may send; everyone when empty.' }),
}, { package: networking, doc: 'Traffic that is taken.' });
export const networkPolicyEgressRule = object('NetworkPolicyEgressRule', {
  ports, to: array(2, networkPolicyPeer, { listType: 'atomic', doc: 'Who may be sent to; everyone when empty.' }),
}, { package: networking, doc: 'Traffic that is sent.' });

export const networkPolicySpec = object('NetworkPolicySpec', {
  podSelector: required(1, labelSelector, { doc: 'Pods the policy is for; {} is all of the namespace.' }),
  ingress: array(2, networkPolicyIngressRule, { listType: 'atomic', doc: 'Traffic that is taken; none when empty.' }),
  egress: array(3, networkPolicyEgressRule, { listType: 'atomic', doc: 'Traffic that is sent; none when empty.' }),
  policyTypes: array(4, types.string, {
    listType: 'atomic', doc: 'Directions the policy is about: Ingress, Egress or both.',
    validate: (given, path) => (given.length > policyTypes.length ? [invalid(path, given, 'may not specify more than two policyTypes')]
      : given.flatMap((type, i) => (policyTypes.includes(type) ? [] : [notSupported(index(path, i), type, policyTypes, 'given')]))),
  }),
}, {
  package: networking, doc: 'The policy as it is wanted.',
  defaults: (spec) => { if (!spec['policyTypes']?.length) spec['policyTypes'] = ['Ingress', ...(spec['egress']?.length ? ['Egress'] : [])]; },
});
export interface NetworkPolicySpec extends FieldsValue<typeof networkPolicySpec.fields> {}

interface Peer { readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] } }
const peerWarnings = (peers: readonly Peer[], path: string): string[] => peers.flatMap(({ ipBlock: block }, i) => {
  const at = child(index(path, i), 'ipBlock');
  return block ? [...rangeWarnings(child(at, 'cidr'), block.cidr), ...(block.except ?? []).flatMap((range, j) => rangeWarnings(index(child(at, 'except'), j), range))] : [];
});

export const NetworkPolicies = defineResource({
  group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy', plural: 'networkpolicies', shortNames: ['netpol'], scope: 'Namespaced',
  doc: 'Which traffic the Pods of the namespace take and send.',
  fields: { spec: field(2, networkPolicySpec, { written: true, doc: 'The policy as it is wanted.' }) },
  generation: true,
  warnings: ({ spec: { ingress = [], egress = [] } }) => [
    ...ingress.flatMap(({ from = [] }, i) => peerWarnings(from, child(index('spec.ingress', i), 'from'))), ...egress.flatMap(({ to = [] }, i) => peerWarnings(to, child(index('spec.egress', i), 'to'))),
  ],
  columns: [
    nameColumn,
    { name: 'Pod-Selector', type: 'string', description: 'Pods the policy is for.', value: ({ spec }) => labelSelectorText(spec.podSelector) },
    ageColumn,
  ],
});
export interface NetworkPolicy extends ObjectOf<typeof NetworkPolicies> {}
