import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';

/** The address where an aggregator sends receipts. */
export interface Hook {
  /** "" while public_url is not configured. */
  url: string;
  path: string;
  /** false: the plugin reads no receipts, and nothing answers there. */
  receipts: boolean;
}

export const hookQuery = (provider: string) => queryOptions({ queryKey: keys.hook(provider), queryFn: ({ signal }) => call<Hook>(`${path('providers', provider)}/hook`, { signal }) });

/** The old address ends at once. */
export function rotateHook(provider: string): Promise<Hook> {
  return call(`${path('providers', provider)}/hook`, { method: 'POST' });
}
