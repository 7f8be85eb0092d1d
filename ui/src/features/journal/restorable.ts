/** Why a change cannot be taken back, and where to go instead. */
export type Reason =
  /** It changed nothing: somebody looked, tested or signed in. */
  | 'nothing'
  /** What was there is not kept for good reasons: passwords, tokens, codes. */
  | 'secret'
  /** The page of the plugin has its own way back. */
  | 'plugin'
  /** A file was added or removed. */
  | 'file'
  /** The gateway does not have what was there before (any more). */
  | 'unknown';

const nothing = new Set(['session.login', 'session.logout', 'journal.reveal', 'journal.export', 'provider.test', 'provider.send_test', 'node.test', 'plugin.wait']);
const secret = new Set(['user.password', 'token.create', 'token.revoke', 'provider.hook.rotate']);

export function whyNot(action: string): Reason {
  if (nothing.has(action)) return 'nothing';
  if (secret.has(action) || action.startsWith('user.second_factor')) return 'secret';
  if (['plugin.upgrade', 'plugin.rollback', 'plugin.consent'].includes(action)) return 'plugin';
  if (action === 'plugin.upload' || action === 'plugin.delete') return 'file';
  return 'unknown';
}
