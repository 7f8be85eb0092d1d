import { queryOptions } from '@tanstack/react-query';
import type { Schema } from '@/lib/dialect';
import { call } from '../client';
import { keys } from '../keys';
import type { Node } from '../types';

const source = queryOptions({
  queryKey: keys.nodes,
  queryFn: ({ signal }) => call<{ nodes: Node[]; form: Schema }>('/nodes', { signal }),
  refetchInterval: 5_000,
});

export const nodesQuery = queryOptions({ ...source, select: (answer) => answer.nodes });

/** The form of a node's settings; it stays the same for as long as the gateway runs. */
export const nodeFormQuery = queryOptions({ ...source, select: (answer) => answer.form });
