import { call } from '../client';

export interface CurlTemplate {
  plugin: string;
  settings: Record<string, unknown>;
  hosts: string[];
  /** What was found and guessed, for people. */
  notes: string[];
}

/** Turns a command into settings. phone, message and originator are those in it, so that they are found. Nothing is sent. */
export function readCurl(text: string, sample: { phone: string; message: string; originator: string }): Promise<CurlTemplate> {
  return call('/tools/curl', { method: 'POST', body: { text, ...sample } });
}
