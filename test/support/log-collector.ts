// What collectors of logs make of a file below /var/log/containers by the rules they come with: the name taken apart by the expressions
// of fluent-bit's filter `kubernetes` and of fluentd's `kubernetes_metadata`, the lines by fluent-bit's parser `docker`, pieces of a
// long line joined as its multiline parser of that name does. Neither program is in Debian; these are their documented defaults.
const podName = '(?<pod_name>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)';
/** fluent-bit: plugins/filter_kubernetes/kube_regex.h, after the prefix `kube.var.log.containers.` is cut off. */
const fluentBitName = new RegExp(`${podName}_(?<namespace_name>[^_]+)_(?<container_name>.+)-(?<docker_id>[a-z0-9]{64})\\.log$`);
/** fluent-plugin-kubernetes_metadata_filter: tag_to_kubernetes_name_regexp. */
const fluentdTag = new RegExp(`var\\.log\\.containers\\.${podName}_(?<namespace>[^_]+)_(?<container_name>.+)-(?<docker_id>[a-z0-9]{64})\\.log$`);
/** conf/parsers.conf, Time_Format %Y-%m-%dT%H:%M:%S.%L of the parser `docker`. */
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+/;

export interface CollectedRecord { readonly log: string; readonly stream: string; readonly time: string }
export interface Source { readonly pod: string; readonly namespace: string; readonly container: string; readonly id: string }

/** Whose log a file is, in which both collectors agree. @throws Error when one of them cannot tell */
export function sourceOf(path: string): Source {
  const tag = path.slice(1).replaceAll('/', '.');
  const [bit, fluentd] = [fluentBitName.exec(tag.replace(/^var\.log\.containers\./, ''))?.groups, fluentdTag.exec(tag)?.groups];
  if (!bit || !fluentd) throw new Error(`a collector does not know whose log ${path} is`);
  const source = { pod: bit['pod_name']!, namespace: bit['namespace_name']!, container: bit['container_name']!, id: bit['docker_id']! };
  const other = { pod: fluentd['pod_name']!, namespace: fluentd['namespace']!, container: fluentd['container_name']!, id: fluentd['docker_id']! };
  if (JSON.stringify(source) !== JSON.stringify(other)) throw new Error(`collectors differ: ${JSON.stringify([source, other])}`);
  return source;
}

/** @throws Error for a line that the parser does not know */
export function recordsOf(text: string): CollectedRecord[] {
  const records: CollectedRecord[] = [];
  const open = new Map<string, CollectedRecord>();
  for (const line of text.split('\n').slice(0, -1)) {
    const record = JSON.parse(line) as CollectedRecord;
    if (!time.test(record.time) || typeof record.log !== 'string') throw new Error(`no record of the parser "docker": ${line}`);
    const before = open.get(record.stream);
    const whole = before ? { ...before, log: before.log + record.log } : record;
    open.delete(record.stream);
    if (whole.log.endsWith('\n')) records.push(whole);
    else open.set(record.stream, whole);
  }
  return [...records, ...open.values()];
}
