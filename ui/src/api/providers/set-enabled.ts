import { call, path } from '../client';
import type { Provider } from '../types';

export function setProviderEnabled(name: string, enabled: boolean): Promise<Provider> {
  return call(`${path('providers', name)}/enabled`, { method: 'PUT', body: { enabled } });
}
