import type { PlannedDifference } from '@/api/setup/document';
import { useWords } from '@/i18n';
import { isHiddenSecret, isObject } from '@/lib/dialect';
import css from './Document.module.css';

/** What would change, or has changed: each value before and after. */
export function Differences({ differences }: { differences: PlannedDifference[] }) {
  const { t } = useWords();
  const say = (value: unknown) => {
    if (value === null || value === undefined) return <span className="dim">{t('form.nothing')}</span>;
    if (isHiddenSecret(value)) return t('form.secretSet');
    if (isObject(value) && value.replaced === true) return t('setup.newSecret');
    if (typeof value === 'string') return <pre>{value === '' ? '""' : value}</pre>;
    return <pre>{JSON.stringify(value, null, 2)}</pre>;
  };
  return (
    <table className={css.diff}>
      <thead>
        <tr>
          <th scope="col">{t('changes.field')}</th>
          <th scope="col">{t('form.before')}</th>
          <th scope="col">{t('changes.after')}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map((d) => (
          <tr key={d.path}>
            <th scope="row"><Place path={d.path} /></th>
            <td className={d.before === null ? undefined : css.before}>{say(d.before)}</td>
            <td className={d.after === null ? undefined : css.after}>{say(d.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A JSON pointer as words: what it is about, and the way to the value. */
function Place({ path }: { path: string }) {
  const { t } = useWords();
  const [kind, name, ...rest] = path.split('/').slice(1).map((p) => p.replaceAll('~1', '/').replaceAll('~0', '~'));
  const words: Record<string, string> = { module: t('journal.module'), provider: t('overview.connection'), user: t('journal.user'), freeswitch: 'FreeSWITCH', guard: t('guards.guard') };
  return (
    <>
      <span className={css.kind}>{words[kind ?? ''] ?? kind}</span> {kind === 'guard' && (name === 'call' || name === 'message') ? t(`guards.kind.${name}`) : name}
      {rest.length > 0 && <div className="mono">{rest.join(' › ')}</div>}
    </>
  );
}
