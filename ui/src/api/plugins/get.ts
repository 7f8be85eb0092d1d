import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { PluginDetail } from './shapes';

export const pluginQuery = (id: string) =>
  queryOptions({
    queryKey: keys.plugin(id),
    queryFn: ({ signal }) => call<PluginDetail>(path('plugins', id), { signal }),
    // A version on trial may go at any time.
    refetchInterval: ({ state: { data } }) => (data?.trial ? 5_000 : false),
  });
