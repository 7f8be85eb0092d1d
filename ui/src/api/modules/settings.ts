import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Settings } from '../types';

export const moduleSettingsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.moduleSettings(id),
    queryFn: ({ signal }) => call<Settings>(`${path('modules', id)}/settings`, { signal }),
    // A form is filled from it: never changed under the manager's hands.
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
