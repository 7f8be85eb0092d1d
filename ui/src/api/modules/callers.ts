import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';

/** Who called a module, or one action of it, in the last days; the busiest first. */
export interface Callers {
  callers: { user: string; action: string; calls: number; last: string }[];
  /** false: there were too many to remember all of them. */
  complete: boolean;
  days: number;
}

export const callersQuery = (module: string, action?: string) =>
  queryOptions({
    queryKey: ['callers', module, action ?? ''],
    queryFn: ({ signal }) => call<Callers>(`${path('modules', module)}/callers${action ? `?action=${encodeURIComponent(action)}` : ''}`, { signal }),
    staleTime: 0,
  });
