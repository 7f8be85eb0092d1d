import type { Delta, VersionDifference } from '@/api/plugins/shapes';
import { useWords } from '@/i18n';
import css from './Plugin.module.css';

const parts = ['capabilities', 'operations', 'hosts', 'settings', 'required_settings', 'actions', 'points'] as const;

/** What a version adds and takes away against the one in force. */
export function VersionDelta({ difference }: { difference: VersionDifference }) {
  const { t } = useWords();
  const changed = parts.filter((p) => difference[p].added.length + difference[p].removed.length > 0);
  if (changed.length === 0) return <p style={{ margin: 0, fontSize: 13.5 }}>{t('plugins.sameAsks')}</p>;
  return (
    <dl className={css.delta}>
      {changed.map((p) => (
        <Part key={p} name={t(`plugins.delta.${p}`)} delta={difference[p]} say={p === 'capabilities' ? (name) => t(`capability.${name}` as 'capability.http', { defaultValue: name }) : undefined} />
      ))}
    </dl>
  );
}

function Part({ name, delta, say }: { name: string; delta: Delta; say?: (name: string) => string }) {
  const { t } = useWords();
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {delta.added.map((x) => (
          <span key={`+${x}`} className={`${css.added} ${say ? '' : 'mono'}`}>
            <span aria-hidden>+ </span>
            <span className="vh">{t('plugins.added')} </span>
            {say ? say(x) : x}
          </span>
        ))}
        {delta.removed.map((x) => (
          <span key={`-${x}`} className={`${css.removed} ${say ? '' : 'mono'}`}>
            <span aria-hidden>− </span>
            <span className="vh">{t('plugins.gone')} </span>
            {say ? say(x) : x}
          </span>
        ))}
      </dd>
    </>
  );
}
