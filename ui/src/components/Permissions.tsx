import { useQuery } from '@tanstack/react-query';
import { IconActivity, IconDatabase, IconFileText, IconNotes, IconPhone, IconPlugConnected, IconUsers, IconWorld, type Icon } from '@tabler/icons-react';
import { pluginsQuery } from '@/api/plugins/list';
import { useWords } from '@/i18n';
import { Empty } from './Empty';
import { Failure } from './Failure';
import { Tag } from './Lamp';
import { Loading } from './Loading';
import { Panel } from './Panel';
import css from './Permissions.module.css';

const signs: Record<string, Icon> = { http: IconWorld, freeswitch: IconPhone, kv: IconDatabase, journal: IconNotes, provider: IconPlugConnected, users: IconUsers, log: IconFileText };

interface Props {
  plugin: string;
  /** What the operator granted; undefined: all that the plugin asks for. */
  granted?: string[];
  hosts?: string[];
  private?: boolean;
}

/** What an instance may touch, in words. */
export function Permissions({ plugin, granted, hosts, private: local }: Props) {
  const { t, pick } = useWords();
  const { data, error, refetch } = useQuery(pluginsQuery);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const p = data?.plugins.find((x) => x.id === plugin);
  if (!data) return <Panel><Loading /></Panel>;
  if (!p || p.capabilities.length === 0) return <Panel><Empty title={t('permissions.none')} text={t('permissions.noneText')} icon={<IconActivity size={30} stroke={1.4} aria-hidden />} /></Panel>;
  return (
    <Panel title={t('permissions.title')} note={t('permissions.note')}>
      <ul className={css.list}>
        {p.capabilities.map((c) => {
          const Sign = signs[c.name] ?? IconActivity;
          const given = granted === undefined || granted.includes(c.name);
          const words = t(`capability.${c.name}` as 'capability.http', { defaultValue: c.name });
          return (
            <li key={c.name} className={css.item}>
              <Sign size={20} stroke={1.5} aria-hidden className={css.sign} />
              <div className="grow">
                <div className={css.name}>
                  {words} {given ? <Tag tone="good">{t('permissions.granted')}</Tag> : <Tag tone="idle">{t('permissions.refused')}</Tag>}
                </div>
                <div className="dim">{pick(c.reason)}</div>
                {c.name === 'http' && hosts && hosts.length > 0 && (
                  <div className={css.hosts}>
                    {t('permissions.hosts')} {hosts.map((h) => <span key={h} className="mono">{h}</span>)}
                    {local && <Tag tone="warn">{t('permissions.private')}</Tag>}
                  </div>
                )}
                <div className={css.operations}>
                  {c.operations.filter((o) => p.imports.includes(o)).map((o) => (
                    <span key={o} className="mono" title={t('permissions.used')}>{o}</span>
                  ))}
                </div>
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
