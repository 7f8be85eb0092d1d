import { call, path } from '../client';
import type { Switched } from './switch';

export interface Consent {
  sha256: string;
  /** Left out: all that lack something. */
  instances?: string[];
  granted: string[];
  hosts?: string[];
  private: boolean;
}

/** Grants what a version asks for; an upgrade that waited for it is done. */
export function consentPlugin(id: string, consent: Consent, version: number): Promise<Switched> {
  return call(`${path('plugins', id)}/consent`, { method: 'POST', body: consent, ifMatch: version });
}
