// Structured logs: one constant sentence plus fields. `createLog` writes JSON lines (pino) to a file descriptor.
import { pino } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Log;
}

export function createLog(options: { level?: string; name?: string } = {}): Log {
  return pino({
    level: options.level ?? process.env['DRAY_LOG_LEVEL'] ?? 'info',
    base: options.name ? { name: options.name } : null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: pino.stdSerializers.err },
    formatters: { level: (label) => ({ level: label }) },
  });
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
