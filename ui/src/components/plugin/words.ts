import type { Trust, VersionState } from '@/api/plugins/shapes';
import type { Tone } from '../Lamp';
import type { T } from '@/i18n';

interface Words {
  tone: Tone;
  name: string;
  /** What it means for the reader. */
  help: string;
}

export function sayTrust(trust: Trust, t: T): Words {
  switch (trust.state) {
    case 'signed':
      return { tone: 'good', name: t('plugins.signed'), help: t('plugins.signedHelp', { key: trust.key_id ?? '' }) };
    case 'modified':
      return { tone: 'bad', name: t('plugins.modified'), help: t('plugins.modifiedHelp') };
    case 'unsigned':
      return { tone: 'warn', name: t('plugins.unsigned'), help: t('plugins.unsignedHelp') };
    default:
      return { tone: 'warn', name: trust.state, help: '' };
  }
}

export function sayVersion(state: VersionState, t: T): { tone: Tone; name: string } {
  switch (state) {
    case 'in force':
      return { tone: 'good', name: t('plugins.inForce') };
    case 'on trial':
      return { tone: 'busy', name: t('plugins.onTrial') };
    case 'waiting for consent':
      return { tone: 'warn', name: t('plugins.waiting') };
    case 'rejected':
      return { tone: 'bad', name: t('plugins.rejected') };
    case 'refused':
      return { tone: 'bad', name: t('plugins.refused') };
    case 'pinned':
      return { tone: 'good', name: t('plugins.pinned') };
    case 'available':
      return { tone: 'idle', name: t('plugins.available') };
    default:
      return { tone: 'warn', name: state };
  }
}

/** The instance that a line of what is lacking speaks of. */
export function instanceOf(lack: string): string {
  const end = lack.indexOf(': ');
  return end < 0 ? lack : lack.slice(0, end);
}

/** A file's fingerprint, short enough to be read. */
export function short(sha256: string): string {
  return sha256.slice(0, 12);
}
