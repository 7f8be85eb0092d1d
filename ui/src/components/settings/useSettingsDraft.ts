import type { ErrorSchema } from '@rjsf/utils';
import { useQuery, useQueryClient, type QueryFunction } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { asApiError } from '@/api/error';
import type { Settings } from '@/api/types';
import { useWords } from '@/i18n';
import { equal, merge3 } from '@/lib/diff';
import { shown, tidy, type Schema, type Values } from '@/lib/dialect';
import { validate } from '@/lib/validate';
import { mistakesToErrors, violationsToErrors } from '../schema-form/mistakes';
import { toast } from '../toasts';

/** Both sides changed the same settings; somebody has to choose. */
export interface Conflict {
  theirs: Settings;
  /** My changes on top of theirs, without those in conflict. */
  merged: Values;
  names: string[];
}

export interface SettingsDraft {
  settings: Settings | undefined;
  loading: boolean;
  loadError: unknown;
  reload: () => void;
  values: Values;
  setValues: (values: Values) => void;
  dirty: boolean;
  saving: boolean;
  /** Why the last save failed, when that is not about single fields. */
  saveError: unknown;
  fieldErrors: ErrorSchema | undefined;
  /** How many fields are wrong, as the form or the gateway says. */
  mistakes: number;
  reset: () => void;
  save: () => Promise<void>;
  conflict: Conflict | null;
  /** Ends a conflict: mine names the settings where my value shall hold; null drops all of mine. */
  resolve: (mine: string[] | null) => Promise<void>;
}

/** Where the settings come from: the query of a module or of a provider. */
interface Source {
  queryKey: string[];
  queryFn?: QueryFunction<Settings, string[]>;
}

/** How often a save is tried again when the gateway changed elsewhere meanwhile. */
const attempts = 4;

/** One document of settings being edited, in a form or as text, and saved without overwriting others. */
export function useSettingsDraft(source: Source, write: (values: Values, version: number) => Promise<Settings>, enabled: boolean): SettingsDraft {
  const { t } = useWords();
  const client = useQueryClient();
  const query = useQuery({ queryKey: source.queryKey, queryFn: source.queryFn, enabled, refetchOnWindowFocus: false });
  const [base, setBase] = useState<Settings>();
  const [values, setValues] = useState<Values>({});
  const [saving, setSaving] = useState(false);
  const [saveError, setSaveError] = useState<unknown>(null);
  const [serverErrors, setServerErrors] = useState<ErrorSchema>();
  const [refused, setRefused] = useState(0);
  const [checked, setChecked] = useState(false);
  const [conflict, setConflict] = useState<Conflict | null>(null);

  const schema = base?.schema ?? undefined;
  const dirty = base !== undefined && !equal(tidy(schema, base.values), tidy(schema, values));

  const take = (settings: Settings) => {
    setBase(settings);
    setValues(settings.values);
    setSaveError(null);
    setServerErrors(undefined);
    setRefused(0);
    setChecked(false);
    setConflict(null);
  };
  // Fresh data replaces the draft only while there are no changes in it.
  useEffect(() => {
    if (query.data && query.data !== base && !dirty && !saving) take(query.data);
  }, [query.data]);

  const mistakes = useMemo(() => (schema && checked ? check(schema, tidy(schema, values)) : []), [schema, values, checked]);
  const fieldErrors = useMemo(() => {
    if (mistakes.length > 0) return mistakesToErrors(mistakes, t);
    return serverErrors;
  }, [mistakes, serverErrors, t]);

  const put = async (from: Settings, draft: Values) => {
    let current = from;
    let wish = draft;
    for (let i = 0; ; i++) {
      try {
        const saved = await write(tidy(current.schema ?? undefined, wish), current.version);
        client.setQueryData(source.queryKey, saved);
        take(saved);
        toast({ tone: 'good', text: t('form.saved') });
        return;
      } catch (e) {
        if (!asApiError(e).stale || i >= attempts) throw e;
        // The version is that of everything: most often somebody changed something else.
        const theirs = await client.fetchQuery({ queryKey: source.queryKey, queryFn: source.queryFn, staleTime: 0 });
        const merged = merge3(current.values, wish, theirs.values);
        if (merged.conflicts.length > 0) {
          setConflict({ theirs, merged: merged.values, names: merged.conflicts });
          setValues(wish);
          return;
        }
        current = theirs;
        wish = merged.values;
      }
    }
  };

  const attempt = async (run: () => Promise<void>) => {
    setSaving(true);
    setSaveError(null);
    setServerErrors(undefined);
    setRefused(0);
    try {
      await run();
    } catch (e) {
      const error = asApiError(e);
      const { errors, rest } = violationsToErrors(error.violations, '/values', t);
      setServerErrors(errors);
      setRefused(error.violations.length - rest.length);
      if (rest.length > 0 || error.violations.length === 0) setSaveError(e);
      else setSaveError(null);
    } finally {
      setSaving(false);
    }
  };

  return {
    settings: base,
    loading: query.isPending && enabled,
    loadError: base ? null : query.error,
    reload: () => void query.refetch(),
    values,
    setValues: (next) => {
      setServerErrors(undefined);
      setRefused(0);
      setValues(next);
    },
    dirty,
    saving,
    saveError,
    fieldErrors,
    mistakes: mistakes.length || refused,
    reset: () => base && take(base),
    save: async () => {
      if (!base) return;
      setChecked(true);
      if (schema && check(schema, tidy(schema, values)).length > 0) return;
      await attempt(() => put(base, values));
    },
    conflict,
    resolve: async (mine) => {
      if (!conflict) return;
      const { theirs, merged, names } = conflict;
      setConflict(null);
      if (mine === null) {
        take(theirs);
        return;
      }
      const wish = { ...merged };
      for (const name of names) {
        if (!mine.includes(name)) continue;
        if (values[name] === undefined) delete wish[name];
        else wish[name] = values[name];
      }
      setBase(theirs);
      setValues(wish);
      await attempt(() => put(theirs, wish));
    },
  };
}

/** The mistakes in what is shown; what is hidden the gateway judges. */
function check(schema: Schema, values: Values) {
  const properties = schema.properties ?? {};
  return validate(schema, values).filter(({ path: [name] }) => {
    const property = typeof name === 'string' ? properties[name] : undefined;
    return !property || shown(property, values, properties);
  });
}
