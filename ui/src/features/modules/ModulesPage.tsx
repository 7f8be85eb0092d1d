import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { modulesQuery } from '@/api/modules/list';
import type { Module } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { StateLamp, StateReason } from '@/components/StateLine';
import { useLive } from '@/components/useLive';
import { useWords } from '@/i18n';
import { formatCount } from '@/lib/format';
import css from './Modules.module.css';
import { Refused } from './Refused';
import { Sign } from './sign';
import { Toggle } from './Toggle';
import type { Wish } from './useToggles';
import { useWish } from './useWish';

export function ModulesPage() {
  const { t } = useWords();
  const { data, error, refetch } = useQuery(modulesQuery);
  const { wish, target, failure, dialog } = useWish(data ?? []);
  useLive();
  return (
    <Page name={t('modules.title')} about={t('modules.about')}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div className={css.grid}>
          {[1, 2, 3, 4].map((i) => (
            <Panel key={i}>
              <Loading lines={5} />
            </Panel>
          ))}
        </div>
      ) : data.length === 0 ? (
        <Panel>
          <Empty title={t('modules.empty')} text={t('modules.emptyText')} />
        </Panel>
      ) : (
        <div className={css.grid}>
          {data.map((m) => (
            <Card key={m.id} module={m} wish={wish} target={target} failure={failure(m.id)} />
          ))}
        </div>
      )}
      {dialog}
    </Page>
  );
}

interface CardProps {
  module: Module;
  wish: (w: Wish) => void;
  target: (module: string, action?: string) => boolean | undefined;
  failure: { error: unknown; on: boolean; title: string } | undefined;
}

function Card({ module: m, wish, target, failure }: CardProps) {
  const { t, pick, language } = useWords();
  const title = pick(m.title) || m.id;
  const going = target(m.id);
  return (
    <article className={css.card} data-off={!m.on} data-module={m.id}>
      <div className={css.head}>
        <span className={css.sign}>
          <Sign module={m.id} />
        </span>
        <div>
          <h2 className={css.title}>
            <Link to="/modules/$id" params={{ id: m.id }} search={{ tab: undefined }}>
              {title}
            </Link>
          </h2>
          <div className={css.sub}>
            <StateLamp instance={m} target={going} />
            <span className="mono dim">/{m.id}</span>
          </div>
        </div>
        <Toggle label={t('modules.module', { title })} on={m.on} target={going} lock={m} onChange={(on) => wish({ module: m.id, on, title })} />
        <p className={css.about}>{pick(m.description)}</p>
      </div>
      <div className={css.reason}>
        {going === undefined && <Refused failure={failure} />}
        <StateReason instance={m} />
      </div>
      <ul className={css.actions}>
        {m.actions.map((a) => {
          const name = pick(a.title) || a.name;
          return (
            <li key={a.name} className={css.action} data-idle={!m.on || !a.on} data-action={a.name}>
              <span className={`${css.name} clip grow`}>
                {name} <span className={`${css.path} mono`}>/{m.id}/{a.name}</span>
              </span>
              <Toggle size="sm" label={t('modules.action', { title: name })} on={a.on} target={target(m.id, a.name)} lock={a} onChange={(on) => wish({ module: m.id, action: a.name, on, title: name })} />
            </li>
          );
        })}
      </ul>
      <div className={css.foot}>
        <span className="num">{t('modules.tasks', { count: m.stats.tasks, n: formatCount(m.stats.tasks, language) })}</span>
        {m.stats.failures > 0 && <span className="num">{t('modules.failures', { count: m.stats.failures, n: formatCount(m.stats.failures, language) })}</span>}
        <Link to="/modules/$id" params={{ id: m.id }} search={{ tab: m.has_settings ? 'settings' : undefined }} aria-label={`${t(m.has_settings ? 'modules.configure' : 'common.details')}: ${title}`}>
          {t(m.has_settings ? 'modules.configure' : 'common.details')}
        </Link>
      </div>
    </article>
  );
}
