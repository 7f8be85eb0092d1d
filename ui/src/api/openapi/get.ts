import { queryOptions } from '@tanstack/react-query';
import { gatewayUrl } from '@/lib/base';
import type { Schema } from '@/lib/dialect';
import { ApiError } from '../error';

/** The parts of the gateway's description of the integrators' API that the panel uses. */
export interface OpenAPI {
  servers?: { url: string }[];
  paths: Record<string, { post?: Operation; get?: Operation }>;
}

interface Operation {
  summary?: string;
  description?: string;
  requestBody?: { content?: { 'application/json'?: { schema?: Schema; examples?: Record<string, { summary?: string; value?: unknown }> } } };
}

export const openAPIQuery = (language: string) =>
  queryOptions({
    queryKey: ['openapi', language],
    queryFn: async ({ signal }): Promise<OpenAPI> => {
      const answer = await fetch(gatewayUrl('/openapi.json'), { signal, headers: { 'Accept-Language': language }, credentials: 'omit' });
      if (!answer.ok) throw new ApiError(answer.status, `HTTP ${answer.status}`, [], '', answer.headers.get('X-Request-Id') ?? '');
      return (await answer.json()) as OpenAPI;
    },
    staleTime: 60_000,
  });
