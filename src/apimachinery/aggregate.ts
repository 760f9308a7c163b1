// Several errors told as one, as Kubernetes tells them. upstream: apimachinery pkg/util/errors/errors.go (aggregate.Error)

/** Each message once; `messages` is not empty. */
export function aggregate(messages: readonly string[]): string {
  const each = [...new Set(messages)];
  return each.length === 1 ? each[0]! : `[${each.join(', ')}]`;
}
