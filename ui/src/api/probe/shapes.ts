/** Shapes of tests and traces, after core/internal/trace. */

/** One thing that happened on the way of a request. Times are milliseconds. */
export interface Step {
  kind: 'task' | 'call' | (string & {});
  instance: string;
  name: string;
  target?: string;
  at_ms: number;
  took_ms: number;
  busy_ms?: number;
  status?: number;
  sent_bytes?: number;
  received_bytes?: number;
  error?: string;
  /** What was sent and answered, of a test; secrets are hidden. */
  request?: string;
  answer?: string;
}

/** How a test ended. */
export interface TestReport {
  ok: boolean;
  checked: 'start' | 'health' | 'balance' | 'connect' | 'send' | (string & {});
  error?: string;
  /** The usual reasons by name: see the texts of nodeFault and providerFault. */
  code?: string;
  /** Nobody knows whether the message was accepted. */
  unknown?: boolean;
  answer?: unknown;
  took_ms: number;
  steps: Step[];
}

/** What is known about one request; only the last ones have a trace. */
export interface Trace {
  request_id: string;
  began: string;
  module: string;
  action: string;
  user: string;
  status: number;
  reason?: string;
  /** Before the plugin; in it with everything that it waited for; the whole, the journal included. */
  checked_ms: number;
  ran_ms: number;
  took_ms: number;
  steps: Step[];
  omitted?: number;
}
