import type { NodeTest } from '@/api/nodes/test';
import { isHiddenSecret, type Values } from '@/lib/dialect';

/** What is needed to connect once; a password that is not shown is left to the gateway, which knows the node's. */
export function testOf(values: Values, name?: string): NodeTest {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const { address, user, password } = values;
  return {
    ...(name === undefined ? {} : { name }),
    address: text(address),
    user: text(user),
    ...(password === undefined || isHiddenSecret(password) ? {} : { password: text(password) }),
  };
}
