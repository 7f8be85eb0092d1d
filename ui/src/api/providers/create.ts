import { call } from '../client';
import type { NewProvider, Provider } from '../types';

export function createProvider(provider: NewProvider): Promise<Provider> {
  return call('/providers', { method: 'POST', body: provider });
}
