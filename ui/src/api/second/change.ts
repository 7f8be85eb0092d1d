import { call, path } from '../client';

/** Codes for a lost device, shown once. */
export interface RecoveryCodes {
  recovery_codes: string[];
}

export function confirmSecondFactor(code: string): Promise<RecoveryCodes> {
  return call('/me/second-factor/confirm', { method: 'POST', body: { code } });
}

/** The old codes end. */
export function renewRecoveryCodes(code: string): Promise<RecoveryCodes> {
  return call('/me/second-factor/recovery', { method: 'POST', body: { code } });
}

export function disableSecondFactor(code: string): Promise<null> {
  return call('/me/second-factor/disable', { method: 'POST', body: { code } });
}

/** For an administrator, when somebody lost the device and the codes. */
export function resetSecondFactor(login: string): Promise<null> {
  return call(`${path('users', login)}/second-factor`, { method: 'DELETE' });
}
