import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { Text } from '../types';

/** A set of rights with a name. */
export interface Preset {
  /** all, read or module.<id>. */
  id: string;
  title: Text;
  rights: string[];
}

export const presetsQuery = queryOptions({
  queryKey: keys.presets,
  queryFn: ({ signal }) => call<{ presets: Preset[] }>('/rights/presets', { signal }),
  select: (answer) => answer.presets,
  staleTime: 60_000,
});
