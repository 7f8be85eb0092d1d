import { call, path } from '../client';

export function removeProvider(name: string): Promise<null> {
  return call(path('providers', name), { method: 'DELETE' });
}
