import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';

export type GuardKind = 'call' | 'message';

/** What one user, number, prefix or everybody together has used of the limits. Numbers are masked. */
export interface GuardUsage {
  scope: 'total' | 'user' | 'prefix' | 'number';
  name: string;
  minute: number;
  hour: number;
  day: number;
  at_once: number;
  /** Money of the day, a decimal number. */
  spent: string;
  /** 1: the nearest limit is used up. */
  share: number;
}

export interface Guard {
  kind: GuardKind;
  mode: 'enforce' | 'watch' | 'off';
  currency: string;
  /** Calls that the gateway placed and that live. */
  live: number;
  /** Since the start of the gateway. */
  refusals: { rule: string; count: number }[];
  top: GuardUsage[];
}

export interface GuardAlarm {
  time: string;
  kind: GuardKind;
  level: '80' | '100' | 'burst';
  scope: GuardUsage['scope'];
  name: string;
  rule: string;
  value: string;
  limit: string;
}

export interface GuardFigures {
  guards: Guard[];
  /** The newest first. */
  alarms: GuardAlarm[];
}

export const guardsQuery = queryOptions({
  queryKey: keys.guards,
  queryFn: ({ signal }) => call<GuardFigures>('/guards', { signal }),
  refetchInterval: 10_000,
});
