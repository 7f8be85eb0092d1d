import { call } from '../client';
import type { TestReport } from '../probe/shapes';

/** A FreeSWITCH that need not exist yet; name: the node whose values stand for those that are left out. */
export interface NodeTest {
  name?: string;
  address?: string;
  user?: string;
  password?: string;
}

/** Connects once and leaves again. */
export function testNode(test: NodeTest): Promise<TestReport> {
  return call('/nodes/test', { method: 'POST', body: test });
}
