import { call, path } from '../client';
import type { Kind, Rows } from './page';

/** One record with its numbers as the journal keeps them. The gateway notes who looked. */
export async function revealRecord<K extends Exclude<Kind, 'audit'>>(kind: K, row: { id: string; time: string }): Promise<Rows[K]> {
  const answer = await call<{ row: Rows[K] }>(path('journal', kind, row.id, 'reveal'), { method: 'POST', body: { time: row.time } });
  return answer.row;
}
