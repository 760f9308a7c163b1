// How the API server reaches a webhook: a URL, or a Service of the cluster. Admission webhooks and conversion webhooks share it.
// upstream: apiserver pkg/util/webhook/validation.go
import { child, invalid, required, type Fault } from '../apimachinery/fault.ts';
import { isDNS1123Subdomain, isValidPortNum } from '../apimachinery/names.ts';
import { bytes, field, int32, object, string, type FieldsValue } from '../schema/schema.ts';

const form = '; desired format: https://host[/path]';

function urlFaults(url: string, path: string): Fault[] {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URI for request${form}`)];
  }
  return [
    ...(parsed.protocol === 'https:' ? [] : [invalid(path, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`)]),
    ...(parsed.host === '' ? [invalid(path, '', `host must be specified${form}`)] : []),
    ...(parsed.username || parsed.password ? [invalid(path, `${parsed.username}${parsed.password ? ':xxxxx' : ''}`, 'user information is not permitted in the URL')] : []),
    ...(parsed.hash ? [invalid(path, parsed.hash.slice(1), 'fragments are not permitted in the URL')] : []),
    ...(parsed.search ? [invalid(path, parsed.search.slice(1), 'query parameters are not permitted in the URL')] : []),
  ];
}

function pathFaults(text: string, path: string): Fault[] {
  if (text === '' || text === '/') return [];
  if (!text.startsWith('/')) return [invalid(path, text, "must start with a '/'")];
  const steps = text.slice(1).split('/');
  return steps.flatMap((step, i) => {
    // A path may end in a slash.
    if (step === '') return i === steps.length - 1 ? [] : [invalid(path, text, `segment[${i}] may not be empty`)];
    return isDNS1123Subdomain(step).map((problem) => invalid(path, text, `segment[${i}]: ${problem}`));
  });
}

interface ServiceValue { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number }
export const webhookServiceFaults = (service: ServiceValue, path: string): Fault[] => [
  ...(service.name ? [] : [required(child(path, 'name'), 'service name is required')]),
  ...(service.namespace ? [] : [required(child(path, 'namespace'), 'service namespace is required')]),
  ...(service.port === undefined ? [] : isValidPortNum(service.port).map((problem) => invalid(child(path, 'port'), service.port, `port is not valid: ${problem}`))),
  ...(service.path === undefined ? [] : pathFaults(service.path, child(path, 'path'))),
];

interface ClientValue { readonly url?: string; readonly service?: ServiceValue }
export function webhookClientFaults({ url, service }: ClientValue, path: string): Fault[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')];
  if (url !== undefined) return urlFaults(url, child(path, 'url'));
  return service ? webhookServiceFaults(service, child(path, 'service')) : [];
}

/** The same two types stand in the API packages of both groups. */
export function webhookClientTypes(goPackage: string) {
  const serviceReference = object('ServiceReference', {
    namespace: string(1, { required: true, unchecked: true, doc: 'Namespace of the Service.' }),
    name: string(2, { required: true, unchecked: true, doc: 'Name of the Service.' }),
    path: string(3, { pointer: true, doc: 'URL path of the webhook.' }),
    port: int32(4, { pointer: true, default: 443, doc: 'Port of the Service.' }),
  }, { package: goPackage, doc: 'A Service of the cluster that answers as a webhook.' });
  const webhookClientConfig = object('WebhookClientConfig', {
    url: string(3, { pointer: true, doc: 'Address of the webhook, https://host:port/path, instead of service.' }),
    service: field(1, serviceReference, { doc: 'Service that answers, instead of url.' }),
    caBundle: bytes(2, { doc: 'PEM certificates the webhook\'s own is checked against; the system\'s when absent.' }),
  }, { package: goPackage, doc: 'How to reach a webhook.' });
  return { serviceReference, webhookClientConfig };
}
export type WebhookClientConfig = FieldsValue<ReturnType<typeof webhookClientTypes>['webhookClientConfig']['fields']>;
