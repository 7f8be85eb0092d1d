import type { ModuleRights } from '@/api/types';
import { useWords } from '@/i18n';
import { coverage } from '@/lib/rights';

/** The rights of a user in a few words. */
export function RightsSummary({ rights, modules }: { rights: string[]; modules: ModuleRights[] | undefined }) {
  const { t, pick } = useWords();
  if (rights.includes('*')) return <>{t('users.rightsAll')}</>;
  if (rights.length === 0) return <span className="dim">{t('users.rightsNone')}</span>;
  const words = (modules ?? []).flatMap((m) => {
    const now = coverage(rights, m);
    if (now === 'none') return [];
    const name = pick(m.title) || m.module;
    const count = m.actions.filter((a) => rights.includes(a.right)).length;
    return [now === 'all' ? name : `${name} (${count}/${m.actions.length})`];
  });
  return <>{words.length > 0 ? words.join(', ') : rights.join(', ')}</>;
}
