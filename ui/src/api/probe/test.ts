import { call, path } from '../client';
import type { TestReport } from './shapes';

/** A connection that may not exist yet; name: the one whose secrets stand for those that are left out. */
export interface ProviderTest {
  name?: string;
  plugin: string;
  settings: Record<string, unknown>;
  hosts: string[];
  private: boolean;
}

/** Nothing is kept of it. */
export function testProvider(test: ProviderTest): Promise<TestReport> {
  return call('/providers/test', { method: 'POST', body: test });
}

/** Sends one real SMS. */
export function sendTest(provider: string, message: { phone: string; message: string; originator?: string }): Promise<TestReport> {
  return call(`${path('providers', provider)}/send-test`, { method: 'POST', body: message });
}
