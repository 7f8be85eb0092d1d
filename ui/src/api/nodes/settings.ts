import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Settings } from '../types';

export const nodeSettingsQuery = (name: string) =>
  queryOptions({
    queryKey: keys.nodeSettings(name),
    queryFn: ({ signal }) => call<Settings>(`${path('nodes', name)}/settings`, { signal }),
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
