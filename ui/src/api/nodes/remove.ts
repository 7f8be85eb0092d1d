import { call, path } from '../client';

export function removeNode(name: string): Promise<null> {
  return call(path('nodes', name), { method: 'DELETE' });
}
