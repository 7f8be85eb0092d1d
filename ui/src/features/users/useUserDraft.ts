import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import type { User, UserChange } from '@/api/types';
import { userQuery } from '@/api/users/get';
import { updateUser } from '@/api/users/update';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { equal, merge3 } from '@/lib/diff';

export const editable = ['status', 'role', 'rights', 'allowed_ips', 'limits', 'note', 'must_change'] as const;
export type Field = (typeof editable)[number];
type Draft = Pick<User, Field>;

const draftOf = (user: User): Draft => Object.fromEntries(editable.map((f) => [f, user[f]])) as unknown as Draft;

export interface UserDraft {
  values: Draft;
  set: (change: Partial<Draft>) => void;
  dirty: boolean;
  saving: boolean;
  error: unknown;
  reset: () => void;
  save: () => Promise<void>;
  /** Fields that somebody else changed too, to something else. */
  conflict: { theirs: User; fields: Field[] } | null;
  /** true: mine hold; false: theirs. */
  resolve: (mine: boolean) => Promise<void>;
}

/** A user being edited: only what was changed is sent, on top of the version that was seen. */
export function useUserDraft(user: User): UserDraft {
  const { t } = useWords();
  const client = useQueryClient();
  const [base, setBase] = useState(user);
  const [values, setValues] = useState(() => draftOf(user));
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [conflict, setConflict] = useState<UserDraft['conflict']>(null);
  const dirty = !equal(draftOf(base), values);

  const take = (next: User) => {
    setBase(next);
    setValues(draftOf(next));
    setConflict(null);
    setError(null);
  };
  useEffect(() => {
    if (!dirty && !saving && user.version !== base.version) take(user);
  }, [user]);

  const put = async (from: User, wish: Draft) => {
    setSaving(true);
    setError(null);
    try {
      let current = from;
      let draft = wish;
      for (let i = 0; ; i++) {
        const change = Object.fromEntries(editable.filter((f) => !equal(draft[f], current[f])).map((f) => [f, draft[f]])) as UserChange;
        try {
          const saved = await updateUser(user.login, change, current.version);
          client.setQueryData(keys.user(user.login), saved);
          void client.invalidateQueries({ queryKey: keys.users });
          take(saved);
          toast({ tone: 'good', text: t('common.saved') });
          return;
        } catch (e) {
          if (!asApiError(e).stale || i >= 3) throw e;
          const theirs = await client.fetchQuery({ ...userQuery(user.login), staleTime: 0 });
          const merged = merge3(draftOf(current) as never, draft as never, draftOf(theirs) as never);
          if (merged.conflicts.length > 0) {
            setValues(draft);
            setConflict({ theirs, fields: merged.conflicts as Field[] });
            return;
          }
          current = theirs;
          draft = merged.values as unknown as Draft;
        }
      }
    } catch (e) {
      setError(e);
    } finally {
      setSaving(false);
    }
  };

  return {
    values,
    set: (change) => setValues((now) => ({ ...now, ...change })),
    dirty,
    saving,
    error,
    reset: () => take(base),
    save: () => put(base, values),
    conflict,
    resolve: async (mine) => {
      if (!conflict) return;
      const { theirs, fields } = conflict;
      const merged = merge3(draftOf(base) as never, values as never, draftOf(theirs) as never).values as unknown as Draft;
      const wish = mine ? { ...merged, ...Object.fromEntries(fields.map((f) => [f, values[f]])) } : merged;
      setConflict(null);
      setBase(theirs);
      setValues(wish as Draft);
      if (equal(draftOf(theirs), wish)) return;
      await put(theirs, wish as Draft);
    },
  };
}
