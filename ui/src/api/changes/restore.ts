import { call, path } from '../client';
import type { ChangeRow } from './page';

/** Takes one change back and leaves later ones alone; 409 when what it touched was changed again. */
export function restoreChange(row: Pick<ChangeRow, 'id' | 'time'>): Promise<{ object: string; before: unknown; after: unknown }> {
  return call(`${path('changes', row.id)}/restore`, { method: 'POST', body: { time: row.time } });
}
