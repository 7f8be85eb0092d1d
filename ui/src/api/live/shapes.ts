import type { InstanceState, Text } from '../types';

/** Shapes of the gateway's figures, after core/internal/admin/overview.go. */

export interface Rates {
  requests_per_second: number;
  /** Status 400 to 499. */
  refused_per_second: number;
  /** Status 500 and above. */
  failed_per_second: number;
  p50_ms: number;
  p99_ms: number;
}

export interface Counts {
  requests: number;
  refused: number;
  failed: number;
}

export interface Overview {
  time: string;
  version: string;
  started: string;
  /** Of the last minute. */
  now: Rates;
  modules: { id: string; title: Text; on: boolean; state: InstanceState; now: Rates; last_hour: Counts }[];
  sms: { accepted_hour: number; failed_hour: number; accepted_day: number; failed_day: number };
  attention: { level: 'error' | 'warning' | (string & {}); kind: 'module' | 'provider' | 'node' | 'plugin' | (string & {}); name: string; reason: string }[];
}

/** What happened in the last second. */
export interface Pulse extends Rates {
  time: string;
  in_flight: number;
  modules: Record<string, Rates>;
}

/** One step of the history; steps in which nothing ran are missing. */
export interface HistoryPoint extends Counts {
  time: string;
  p50_ms: number;
  p99_ms: number;
  sms_accepted: number;
  sms_failed: number;
}

export interface History {
  step_seconds: number;
  modules: string[];
  points: HistoryPoint[];
}
