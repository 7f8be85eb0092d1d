import type { Instance } from './types';

/** Whether an instance is on its way to another state, so that it is worth looking again soon. */
export function settling({ on, state }: Pick<Instance, 'on' | 'state'>): boolean {
  switch (state.name) {
    case 'compiling':
    case 'compiled':
    case 'backing off':
    case 'superseded':
      return true;
    case 'verified':
      return on;
    default:
      return false;
  }
}
