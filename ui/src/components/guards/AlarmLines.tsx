import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { guardsQuery } from '@/api/guards/figures';
import { useWords } from '@/i18n';
import { sayAlarm } from '@/i18n/guard';
import { Ago } from '../Time';
import css from './AlarmLines.module.css';

const day = 24 * 60 * 60 * 1000;

/** The newest alarm of each kind and level of the last day, for the first page. Nothing, when there was none. */
export function AlarmLines() {
  const { t } = useWords();
  const { data } = useQuery(guardsQuery);
  const seen = new Set<string>();
  const alarms = (data?.alarms ?? []).filter((a) => {
    const group = `${a.kind} ${a.level}`;
    if (seen.has(group) || Date.now() - Date.parse(a.time) > day) return false;
    seen.add(group);
    return true;
  });
  if (alarms.length === 0) return null;
  return (
    <ul className={css.lines} aria-label={t('guards.alarms')}>
      {alarms.map((a) => (
        <li key={`${a.kind} ${a.level}`} className={a.level === '100' ? css.bad : css.warn}>
          <Link to="/guards" search={{ tab: 'alarms' }}>
            {t(`guards.kind.${a.kind}`)}
          </Link>
          <span className="grow">{sayAlarm(a, t)}</span>
          <Ago at={a.time} />
        </li>
      ))}
    </ul>
  );
}
