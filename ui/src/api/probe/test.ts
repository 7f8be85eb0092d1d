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

export interface TestMessage {
  phone: string;
  message: string;
  originator?: string;
}

/** Nothing is kept of it. */
export function testProvider(test: ProviderTest): Promise<TestReport> {
  return call('/providers/test', { method: 'POST', body: test });
}

/** Sends one real SMS with settings that need not be saved. */
export function sendUnsaved(test: ProviderTest, message: TestMessage): Promise<TestReport> {
  return call('/providers/send-test', { method: 'POST', body: { ...test, ...message } });
}

/** Sends one real SMS. */
export function sendTest(provider: string, message: TestMessage): Promise<TestReport> {
  return call(`${path('providers', provider)}/send-test`, { method: 'POST', body: message });
}
