import { call } from '../client';

/** Shown once. qr is a picture of the address as a data: address. */
export interface Enrolment {
  secret: string;
  url: string;
  qr: string;
}

/** Nothing is in force before the first code is confirmed. */
export function beginSecondFactor(password: string): Promise<Enrolment> {
  return call('/me/second-factor', { method: 'POST', body: { password } });
}
