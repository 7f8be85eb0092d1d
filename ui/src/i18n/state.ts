import type { Instance } from '@/api/types';
import type { T } from './index';

export interface StateWords {
  tone: 'good' | 'warn' | 'bad' | 'idle' | 'busy';
  name: string;
}

/** The true state of an instance in words. */
export function sayState({ on, state }: Pick<Instance, 'on' | 'state'>, t: T): StateWords {
  if (!on) return { tone: 'idle', name: t('state.off') };
  switch (state.name) {
    case 'warm':
      return { tone: 'good', name: t('state.on') };
    case 'verified':
      return { tone: 'busy', name: t('state.verified') };
    case 'compiling':
      return { tone: 'busy', name: t('state.compiling') };
    case 'compiled':
      return { tone: 'busy', name: t('state.compiled') };
    case 'backing off':
      return { tone: 'warn', name: t('state.backingOff') };
    case 'waiting for consent':
      return { tone: 'warn', name: t('state.waiting') };
    case 'failed':
      return { tone: 'bad', name: t('state.failed') };
    case 'superseded':
      return { tone: 'busy', name: t('state.superseded') };
    case 'removed':
      return { tone: 'idle', name: t('state.removed') };
    default:
      return { tone: 'warn', name: state.name };
  }
}
