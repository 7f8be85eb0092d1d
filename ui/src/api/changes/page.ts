import { call } from '../client';
import type { Filter } from '../journal/page';
import { keys } from '../keys';
import { pagesOf } from '../pages';
import type { AuditRow, Page } from '../types';

/** An administrative change; undoable: it may be taken back. */
export interface ChangeRow extends AuditRow {
  undoable: boolean;
}

/** The changes of a filter, newest first. */
export const changesPages = (filter: Filter) =>
  pagesOf<ChangeRow>(keys.journal('changes', filter), (cursor, signal) => {
    const q = new URLSearchParams({ limit: '200' });
    for (const [name, value] of Object.entries(filter)) if (value) q.set(name, String(value));
    if (cursor) q.set('cursor', cursor);
    return call<Page<ChangeRow>>(`/changes?${q}`, { signal });
  });
