import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { Node } from '../types';

export const nodesQuery = queryOptions({
  queryKey: keys.nodes,
  queryFn: ({ signal }) => call<{ nodes: Node[] }>('/nodes', { signal }),
  select: (answer) => answer.nodes,
  refetchInterval: 5_000,
});
