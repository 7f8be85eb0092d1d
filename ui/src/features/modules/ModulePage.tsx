import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { modulesQuery } from '@/api/modules/list';
import { setModuleSettings } from '@/api/modules/set-settings';
import { moduleSettingsQuery } from '@/api/modules/settings';
import type { Module } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Health } from '@/components/Health';
import { Leave } from '@/components/Leave';
import { LiveLog } from '@/components/LiveLog';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { Panel } from '@/components/Panel';
import { Permissions } from '@/components/Permissions';
import { Versions } from '@/components/plugin/Versions';
import { RawTab } from '@/components/document/RawTab';
import { RawSettings } from '@/components/settings/RawSettings';
import { SettingsForm } from '@/components/settings/SettingsForm';
import { useSettingsDraft } from '@/components/settings/useSettingsDraft';
import { StateLamp, StateReason } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { useLive } from '@/components/useLive';
import { useWords } from '@/i18n';
import { LimitEditor } from './LimitEditor';
import css from './Modules.module.css';
import { Refused } from './Refused';
import { Toggle } from './Toggle';
import type { Wish } from './useToggles';
import { useWish } from './useWish';

export function ModulePage() {
  const { t } = useWords();
  const { id } = useParams({ from: '/modules/$id' });
  const { data, error, refetch } = useQuery(modulesQuery);
  const parent = { to: '/modules', label: t('modules.title') };
  const module = data?.find((m) => m.id === id);
  if (module) return <Found key={id} module={module} />;
  return (
    <Page name={id} parent={parent}>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : <Panel>{data ? <Empty title={t('problem.noModule')} text={t('problem.notFoundText')} /> : <Loading lines={6} />}</Panel>}
    </Page>
  );
}

function Found({ module: m }: { module: Module }) {
  const { t, pick } = useWords();
  const { tab } = useSearch({ from: '/modules/$id' });
  const { wish, target, failure, dialog } = useWish([m]);
  useLive();
  const draft = useSettingsDraft(moduleSettingsQuery(m.id), (values, version) => setModuleSettings(m.id, values, version), m.has_settings);
  const title = pick(m.title) || m.id;
  const going = target(m.id);
  const tabs = [
    { id: 'actions', label: t('modules.tabActions'), content: () => <Actions module={m} wish={wish} target={target} /> },
    ...(m.has_settings ? [{ id: 'settings', label: <Unsaved name={t('modules.tabSettings')} unsaved={draft.dirty} />, content: () => <SettingsForm draft={draft} /> }] : []),
    { id: 'permissions', label: t('modules.tabPermissions'), content: () => <Permissions plugin={m.plugin} /> },
    { id: 'health', label: t('modules.tabHealth'), content: () => <Health instance={m} /> },
    { id: 'log', label: t('log.title'), content: () => <LiveLog instance={m.id} /> },
    { id: 'versions', label: t('plugins.versions'), content: () => <Versions plugin={m.plugin} linked /> },
    { id: 'raw', label: t('raw.title'), content: () => <RawTab target={{ kind: 'module', name: m.id }} settings={m.has_settings && <RawSettings draft={draft} kind="module" name={m.id} />} /> },
  ];
  return (
    <Page
      name={title}
      parent={{ to: '/modules', label: t('modules.title') }}
      title={
        <>
          {title} <StateLamp instance={m} target={going} />
        </>
      }
      about={pick(m.description)}
      tools={<Toggle label={t('modules.module', { title })} on={m.on} target={going} lock={m} onChange={(on) => wish({ module: m.id, on, title })} />}
    >
      {going === undefined && <Refused failure={failure(m.id)} />}
      <StateReason instance={m} />
      <PageTabs tabs={tabs} now={tab} label={title} />
      <Leave unsaved={draft.dirty} />
      {dialog}
    </Page>
  );
}

function Unsaved({ name, unsaved }: { name: string; unsaved: boolean }) {
  const { t } = useWords();
  return (
    <span>
      {name}
      {unsaved && (
        <span title={t('common.unsaved')} style={{ color: 'var(--pb-warn)' }}>
          {' '}
          ●<span className="vh">{t('common.unsaved')}</span>
        </span>
      )}
    </span>
  );
}

interface ActionsProps {
  module: Module;
  wish: (w: Wish) => void;
  target: (module: string, action?: string) => boolean | undefined;
}

function Actions({ module: m, wish, target }: ActionsProps) {
  const { t, pick } = useWords();
  if (m.actions.length === 0) {
    return (
      <Panel>
        <Empty title={t('modules.noActions')} text={t('modules.noActionsText')} />
      </Panel>
    );
  }
  return (
    <Panel flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('modules.on')}</th>
            <th scope="col">{t('modules.actionName')}</th>
            <th scope="col">{t('modules.route')}</th>
            <th scope="col">{t('modules.limit')}</th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {m.actions.map((a) => {
            const name = pick(a.title) || a.name;
            return (
              <tr key={a.name} data-action={a.name}>
                <td>
                  <Toggle size="sm" label={t('modules.action', { title: name })} on={a.on} target={target(m.id, a.name)} lock={a} onChange={(on) => wish({ module: m.id, action: a.name, on, title: name })} />
                </td>
                <td>
                  <div style={{ fontWeight: 560 }}>{name}</div>
                  <div className={css.summary}>{pick(a.summary)}</div>
                </td>
                <td className="mono nowrap">
                  <span className="dim">{a.methods.join(' · ')}</span> /{m.id}/{a.name}
                  {a.provider && (
                    <div>
                      <Link to="/providers/$name" params={{ name: a.provider }} search={{ tab: undefined }} style={{ color: 'var(--pb-accent)' }}>
                        {a.provider}
                      </Link>
                    </div>
                  )}
                </td>
                <td>
                  <LimitEditor module={m.id} action={a} />
                </td>
                <td>
                  <Link to="/journal" search={{ module: m.id, action: a.name }} style={{ color: 'var(--pb-accent)' }} className="nowrap">
                    {t('modules.toJournal')}
                  </Link>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
