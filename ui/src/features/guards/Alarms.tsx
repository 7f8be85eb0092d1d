import type { GuardAlarm } from '@/api/guards/figures';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Tag } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { sayAlarm } from '@/i18n/guard';

/** The last alarms; older ones are in the history of changes. */
export function Alarms({ alarms, error, retry }: { alarms: GuardAlarm[] | undefined; error: unknown; retry: () => void }) {
  const { t } = useWords();
  if (!alarms) return error ? <Failure error={error} retry={retry} /> : <Panel><Loading lines={6} /></Panel>;
  if (alarms.length === 0) {
    return (
      <Panel>
        <Empty title={t('guards.noAlarms')} text={t('guards.noAlarmsText')} />
      </Panel>
    );
  }
  return (
    <Panel flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('guards.time')}</th>
            <th scope="col">{t('guards.guard')}</th>
            <th scope="col">{t('guards.what')}</th>
          </tr>
        </thead>
        <tbody>
          {alarms.map((a) => (
            <tr key={`${a.time} ${a.kind} ${a.rule} ${a.level} ${a.name}`}>
              <td>
                <Ago at={a.time} />
              </td>
              <td>
                <Tag tone={a.level === '100' ? 'bad' : 'warn'}>{t(`guards.kind.${a.kind}`)}</Tag>
              </td>
              <td>{sayAlarm(a, t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
