import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Settings } from '../types';

export const providerSettingsQuery = (name: string) =>
  queryOptions({
    queryKey: keys.providerSettings(name),
    queryFn: ({ signal }) => call<Settings>(`${path('providers', name)}/settings`, { signal }),
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
