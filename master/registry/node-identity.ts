// Which node a user is. (upstream: pkg/auth/nodeidentifier/default.go)
import type { User } from './request-context.ts';

const prefix = 'system:node:';

/** Undefined for users who are no node; '' for a node without a name. */
export function nodeOf(user: User): string | undefined {
  return user.groups.includes('system:nodes') && user.name.startsWith(prefix) ? user.name.slice(prefix.length) : undefined;
}
