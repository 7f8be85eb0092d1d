import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Settings } from '../types';
import type { GuardKind } from './figures';

export const guardSettingsQuery = (kind: GuardKind) =>
  queryOptions({
    queryKey: keys.guardSettings(kind),
    queryFn: ({ signal }) => call<Settings>(`${path('guards', kind)}/settings`, { signal }),
    // A form is filled from it: never changed under the administrator's hands.
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
