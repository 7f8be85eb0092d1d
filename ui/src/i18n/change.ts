import type { T } from './index';

const known = [
  'guard.settings', 'guard.alarm', 'session.login', 'session.logout', 'user.create', 'user.update', 'user.delete', 'user.password', 'token.create', 'token.revoke',
  'module.enable', 'module.disable', 'module.settings', 'action.enable', 'action.disable', 'action.update',
  'provider.create', 'provider.delete', 'provider.enable', 'provider.disable', 'provider.settings',
  'provider.document', 'provider.test', 'provider.send_test', 'provider.hook.rotate', 'module.document', 'node.test', 'node.create', 'node.settings', 'node.delete', 'gateway.import', 'change.restore',
  'plugin.upload', 'plugin.upgrade', 'plugin.rollback', 'plugin.wait', 'plugin.consent', 'plugin.delete', 'module.grant', 'provider.grant', 'journal.export', 'journal.reveal',
  'user.second_factor.enable', 'user.second_factor.disable', 'user.second_factor.recovery', 'user.second_factor.reset',
] as const;

export const changeNames: readonly string[] = known;

/** What an administrative change did, in words; names that the panel does not know are shown as they are. */
export function sayChange(action: string, t: T): string {
  const name = known.find((k) => k === action);
  return name ? t(`change.${name.replaceAll('.', '_') as 'user_create'}`) : action;
}
