// References to objects of any kind, as the kinds of networking.k8s.io judge them.
// upstream: pkg/apis/networking/validation/validation.go (validateIngressTypedLocalObjectReference)
import { child, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { messages, segmentFaults } from '../value-faults.ts';

export const typedReferenceFaults = ({ apiGroup, kind, name }: { apiGroup?: string | null; kind: string; name: string }, path: string): Fault[] => [
  ...(apiGroup === undefined || apiGroup === null ? [] : messages(child(path, 'apiGroup'), apiGroup, isDNS1123Subdomain(apiGroup))),
  ...segmentFaults(kind, child(path, 'kind'), 'kind is required'),
  ...segmentFaults(name, child(path, 'name'), 'name is required'),
];
