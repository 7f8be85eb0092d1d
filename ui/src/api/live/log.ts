import { call } from '../client';

/** One line of the log; numbers grow. */
export interface LogEntry {
  seq: number;
  time: string;
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | (string & {});
  logger?: string;
  request?: string;
  message: string;
  fields?: { key: string; value: string }[];
}

export interface LogPart {
  entries: LogEntry[];
  after: number;
}

function query(instance: string, after: number): string {
  return `?instance=${encodeURIComponent(instance)}${after > 0 ? `&after=${after}` : ''}`;
}

/** What came after an entry; 0: all that is kept. instance "": the gateway itself. */
export function fetchLog(instance: string, after: number): Promise<LogPart> {
  return call(`/log${query(instance, after)}`);
}

export function logStream(instance: string, after: number): string {
  return `/log/live${query(instance, after)}`;
}
