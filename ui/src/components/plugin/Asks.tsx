import { IconActivity, IconDatabase, IconFileText, IconNotes, IconPhone, IconPlugConnected, IconUsers, IconWorld, type Icon } from '@tabler/icons-react';
import type { Ask } from '@/api/plugins/shapes';
import { Empty } from '../Empty';
import permissions from '../Permissions.module.css';
import { useWords } from '@/i18n';
import css from './Plugin.module.css';

const signs: Record<string, Icon> = { http: IconWorld, freeswitch: IconPhone, kv: IconDatabase, journal: IconNotes, provider: IconPlugConnected, users: IconUsers, log: IconFileText };

/** What a version may do once it is allowed, in the gateway's words and with the vendor's reason. */
export function Asks({ asks }: { asks: Ask[] }) {
  const { t, pick } = useWords();
  if (asks.length === 0) return <Empty title={t('permissions.none')} text={t('permissions.noneText')} icon={<IconActivity size={30} stroke={1.4} aria-hidden />} />;
  return (
    <ul className={permissions.list}>
      {asks.map((a) => {
        const Sign = signs[a.capability] ?? IconActivity;
        return (
          <li key={a.capability} className={permissions.item}>
            <Sign size={20} stroke={1.5} aria-hidden className={permissions.sign} />
            <div className="grow">
              <div className={permissions.name}>{t(`capability.${a.capability}` as 'capability.http', { defaultValue: a.capability })}</div>
              {pick(a.reason) && <div className="dim">{t('plugins.vendorSays', { reason: pick(a.reason) })}</div>}
              <ul className={css.words}>
                {a.operations.map((o) => (
                  <li key={o.name} className={o.used ? undefined : css.unused}>
                    {pick(o.text) || o.name}
                    {!o.used && ` (${t('plugins.unusedOperation')})`}
                  </li>
                ))}
              </ul>
              {a.hosts.length > 0 && (
                <div className={permissions.hosts}>
                  {t('permissions.hosts')} {a.hosts.map((h) => <span key={h} className="mono">{h}</span>)}
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
