// CertificateSigningRequest: asks a signer of the cluster for a certificate.
// upstream: pkg/apis/certificates/validation/validation.go, pkg/registry/certificates/certificates/strategy.go
import { child, duplicate, forbidden, index, invalid, notSupported, required as requiredFault, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { humanDuration } from '../../apimachinery/duration.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { defineResource, type ObjectHead, type ObjectOf, type Requester } from '../../schema/resource.ts';
import { array, arrayOf, bytes, field, int32, map, object, required, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { cloneJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';

const certificates = 'io.k8s.api.certificates.v1';
const shortestLife = 600;
const usages = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature', 'email protection', 'encipher only',
  'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping',
];

export const certificateSigningRequestSpec = object('CertificateSigningRequestSpec', {
  request: bytes(1, { required: true, unchecked: true, listType: 'atomic', doc: 'PKCS#10 request in PEM.' }),
  signerName: string(7, { required: true, unchecked: true, doc: 'Who is to sign, for example kubernetes.io/kube-apiserver-client.' }),
  expirationSeconds: int32(8, { pointer: true, doc: 'How long the certificate should be valid; signers may shorten it.' }),
  usages: array(5, types.string, { listType: 'atomic', doc: 'What the key is for.' }),
  username: string(2, { doc: 'Who asks; set by the server.' }),
  uid: string(3, { doc: 'UID of who asks; set by the server.' }),
  groups: array(4, types.string, { listType: 'atomic', doc: 'Groups of who asks; set by the server.' }),
  extra: map(6, arrayOf(types.string), { doc: 'Further attributes of who asks; set by the server.' }),
}, { package: certificates, doc: 'What is asked of the signer.' });
type Spec = FieldsValue<typeof certificateSigningRequestSpec.fields>;

export const certificateSigningRequestCondition = object('CertificateSigningRequestCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Approved, Denied or Failed.' }),
  status: string(6, { required: true, unchecked: true, doc: 'True, False or Unknown; only True for Approved and Denied.' }),
  reason: string(2, { doc: 'One CamelCase word.' }),
  message: string(3, { doc: 'Text for people.' }),
  lastUpdateTime: time(4, { written: true, doc: 'When the condition was last written.' }),
  lastTransitionTime: time(5, { written: true, doc: 'When status last changed.' }),
}, { package: certificates, doc: 'What has been decided about the request.' });
type Condition = FieldsValue<typeof certificateSigningRequestCondition.fields>;

export const certificateSigningRequestStatus = object('CertificateSigningRequestStatus', {
  conditions: array(1, certificateSigningRequestCondition, { listType: 'map', keys: ['type'], doc: 'What has been decided.' }),
  certificate: bytes(2, { listType: 'atomic', doc: 'The certificate in PEM, once it is signed.' }),
}, { package: certificates, doc: 'What became of the request.' });
type Status = FieldsValue<typeof certificateSigningRequestStatus.fields>;
interface Request extends ObjectHead { spec: Spec; status: Status }

/** The blocks of a PEM text, from its base64 form. */
function pemBlocks(base64: string): { type: string; der: Buffer }[] {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]*?)\s*-----END \1-----/g)].map((match) => ({ type: match[1]!, der: Buffer.from(match[2]!, 'base64') }));
}

/** Whether the bytes are one ASN.1 sequence, as each request and certificate is. */
function isSequence(der: Buffer): boolean {
  if (der.length < 2 || der[0] !== 0x30) return false;
  const first = der[1]!;
  if (first < 0x80) return der.length === first + 2;
  const size = first & 0x7f;
  return size >= 1 && size <= 4 && der.length > 2 + size && der.length === 2 + size + der.readUIntBE(2, size);
}

function requestFaults(request: string, path: string): Fault[] {
  const block = pemBlocks(request)[0];
  if (block?.type !== 'CERTIFICATE REQUEST') return [invalid(path, request, 'PEM block type must be CERTIFICATE REQUEST')];
  return isSequence(block.der) ? [] : [invalid(path, request, 'asn1: structure error: tags don\'t match')];
}

/** `example.com/signer`. */
function signerNameFaults(name: string, path: string): Fault[] {
  if (name === '') return [requiredFault(path)];
  const segments = name.split('/');
  if (segments.length !== 2) return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const [domain, rest] = segments as [string, string];
  const labels = domain.split('.');
  return [
    ...(domain.length > 253 ? [tooLong(path, domain, 253)] : []),
    ...labels.flatMap((label) => isDNS1123Label(label).map((problem) => invalid(path, domain, `validating label ${JSON.stringify(label)}: ${problem}`))),
    ...(labels.length < 2 ? [invalid(path, domain, 'should be a domain with at least two segments separated by dots')] : []),
    ...rest.split('.').flatMap((label) => isDNS1123Subdomain(label).map((problem) => invalid(path, rest, `validating label ${JSON.stringify(label)}: ${problem}`))),
  ];
}

function specFaults({ request, usages: given = [], signerName, expirationSeconds }: Spec): Fault[] {
  const at = 'spec.usages';
  return [
    ...requestFaults(request, 'spec.request'),
    ...(given.length === 0 ? [requiredFault(at)] : []),
    ...given.flatMap((usage, i) => [...(usages.includes(usage) ? [] : [notSupported(index(at, i), usage, usages)]), ...(given.indexOf(usage) < i ? [duplicate(index(at, i), usage)] : [])]),
    ...(signerName === 'kubernetes.io/legacy-unknown' ? [invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version')] : signerNameFaults(signerName, 'spec.signerName')),
    ...(expirationSeconds !== undefined && expirationSeconds < shortestLife ? [invalid('spec.expirationSeconds', expirationSeconds, `may not specify a duration less than ${shortestLife} seconds (10 minutes)`)] : []),
  ];
}

function conditionFaults(conditions: readonly Condition[]): Fault[] {
  const path = 'status.conditions';
  const seen = new Map<string, number>();
  return conditions.flatMap(({ type, status }, i) => {
    const at = index(path, i);
    const faults: Fault[] = [];
    const decision = type === 'Approved' || type === 'Denied';
    if (type === '') faults.push(requiredFault(child(at, 'type')));
    if (status === '') faults.push(requiredFault(child(at, 'status')));
    else if (decision && status !== 'True') faults.push(notSupported(child(at, 'status'), status, ['True']));
    else if (!['True', 'False', 'Unknown'].includes(status)) faults.push(notSupported(child(at, 'status'), status, ['True', 'False', 'Unknown']));
    if (decision && [...seen.keys()].some((other) => other !== type && (other === 'Approved' || other === 'Denied'))) faults.push(invalid(child(at, 'type'), type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) faults.push(duplicate(child(at, 'type'), type));
    seen.set(type, i);
    return faults;
  });
}

function certificateFaults(certificate: string): Fault[] {
  const path = 'status.certificate';
  const blocks = pemBlocks(certificate);
  if (blocks.length === 0) return [invalid(path, '<certificate data>', 'must contain at least one CERTIFICATE PEM block')];
  return blocks.flatMap(({ type, der }, i) => {
    if (type !== 'CERTIFICATE') return [invalid(path, '<certificate data>', `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`)];
    return isSequence(der) ? [] : [invalid(path, '<certificate data>', `unable to parse CERTIFICATE block ${i}: x509: malformed certificate`)];
  });
}

const approvals = ['Approved', 'Denied'];
const decisions = [...approvals, 'Failed'];
const has = (status: Status | undefined, type: string): boolean => (status?.conditions ?? []).some((item) => item.type === type);

/** What an update of conditions must not do, wherever it is made: what has been decided stays decided. */
export function approvalFaults({ status }: Request, { status: old }: Request): Fault[] {
  return [
    ...conditionFaults(status.conditions ?? []),
    ...decisions.filter((type) => has(old, type) && !has(status, type)).map((type) => forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`)),
  ];
}

/** Conditions with the times their writer left out. */
export const withConditionTimes = (conditions: readonly Condition[], old: readonly Condition[], now: string): Condition[] => conditions.map((condition) => {
  const before = old.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastUpdateTime: condition.lastUpdateTime ?? now, lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? now };
});

function statusFaults(request: Request, before: Request): Fault[] {
  const { status } = request;
  const { status: old } = before;
  return [
    ...approvalFaults(request, before),
    // Approving has a permission, and so a place, of its own.
    ...approvals.filter((type) => has(status, type) && !has(old, type)).map((type) => forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`)),
    ...(old.certificate && status.certificate !== old.certificate ? [forbidden('status.certificate', 'updates may not modify existing certificate content')] : []),
    ...(status.certificate && status.certificate !== old.certificate ? certificateFaults(status.certificate) : []),
  ];
}

/** Who asks is not for them to say. */
function recordRequester(spec: Spec, requester: Requester | undefined): void {
  for (const name of ['username', 'uid', 'groups', 'extra'] as const) delete spec[name];
  if (!requester) return;
  spec.username = requester.name;
  if (requester.uid) spec.uid = requester.uid;
  if (requester.groups.length) spec.groups = [...requester.groups];
  if (requester.extra && Object.keys(requester.extra).length) spec.extra = Object.fromEntries(Object.entries(requester.extra).map(([name, values]) => [name, [...values]]));
}

function conditionText({ conditions = [], certificate }: Status): string {
  const decided = (type: string): boolean => conditions.some((item) => item.type === type);
  const decision = decided('Denied') ? 'Denied' : decided('Approved') ? 'Approved' : 'Pending';
  return `${decision}${decided('Failed') ? ',Failed' : ''}${certificate ? ',Issued' : ''}`;
}

export const CertificateSigningRequests = defineResource({
  group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest', plural: 'certificatesigningrequests', shortNames: ['csr'], scope: 'Cluster',
  doc: 'Asks a signer of the cluster for a certificate, which somebody approves.',
  fields: {
    spec: required(2, certificateSigningRequestSpec, { doc: 'What is asked of the signer.' }),
    status: field(3, certificateSigningRequestStatus, { written: true, doc: 'What became of the request.' }),
  },
  subresources: { status: true, others: [{ name: 'approval', verbs: ['get', 'patch', 'update'], kind: 'CertificateSigningRequest' }] },
  selectable: { 'spec.signerName': ({ spec }) => spec.signerName },
  prepareCreate: ({ spec }, requester) => recordRequester(spec, requester),
  prepareUpdate: (request, old) => { request.spec = cloneJson(old.spec); },
  validate: ({ spec }, old) => (old ? [] : specFaults(spec)),
  validateStatus: statusFaults,
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', type: 'string', description: 'Who is to sign.', value: ({ spec }) => spec.signerName || '<none>' },
    { name: 'Requestor', type: 'string', description: 'Who asks.', value: ({ spec }) => spec.username ?? '' },
    { name: 'RequestedDuration', type: 'string', description: 'How long it should be valid.', value: ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000)) },
    { name: 'Condition', type: 'string', description: 'What has been decided.', value: ({ status }) => conditionText(status ?? {}) },
  ],
});
export interface CertificateSigningRequest extends ObjectOf<typeof CertificateSigningRequests> {}
