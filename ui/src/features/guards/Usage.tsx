import type { Guard } from '@/api/guards/figures';
import { Empty } from '@/components/Empty';
import { Tag } from '@/components/Lamp';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import { sayRule } from '@/i18n/guard';

/** Who has used most of the limits. */
export function Usage({ guard: g }: { guard: Guard }) {
  const { t } = useWords();
  if (g.top.length === 0) return <Empty title={t('guards.nothingUsed')} text={t('guards.nothingUsedText')} />;
  const priced = g.top.some((u) => u.spent !== '0');
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('guards.whose')}</th>
          <th scope="col">{t('guards.period.per_minute')}</th>
          <th scope="col">{t('guards.period.per_hour')}</th>
          <th scope="col">{t('guards.period.per_day')}</th>
          {g.kind === 'call' && <th scope="col">{t('guards.period.at_once')}</th>}
          {priced && <th scope="col">{t('guards.spent', { currency: g.currency })}</th>}
          <th scope="col">{t('guards.share')}</th>
        </tr>
      </thead>
      <tbody>
        {g.top.map((u) => (
          <tr key={`${u.scope} ${u.name}`}>
            <td>
              <span className="dim">{t(`guards.scope.${u.scope}`)}</span> <span className="mono">{u.name}</span>
            </td>
            <td className="mono">{u.minute}</td>
            <td className="mono">{u.hour}</td>
            <td className="mono">{u.day}</td>
            {g.kind === 'call' && <td className="mono">{u.at_once}</td>}
            {priced && <td className="mono">{u.spent}</td>}
            <td>{u.share > 0 ? <Tag tone={u.share >= 1 ? 'bad' : u.share >= 0.8 ? 'warn' : 'idle'}>{Math.round(u.share * 100)} %</Tag> : <span className="dim">—</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What was refused, by rule. */
export function Refusals({ guard: g }: { guard: Guard }) {
  const { t } = useWords();
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('guards.rule')}</th>
          <th scope="col">{t('guards.count')}</th>
        </tr>
      </thead>
      <tbody>
        {g.refusals.map((r) => (
          <tr key={r.rule}>
            <td>{sayRule(r.rule, t)}</td>
            <td className="mono">{r.count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
