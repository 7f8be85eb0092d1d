import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { pluginsQuery } from '@/api/plugins/list';
import type { Entry } from '@/api/plugins/shapes';
import { useMay } from '@/api/session';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Lamp, Tag } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import css from '@/components/plugin/Plugin.module.css';
import { Upload } from './Upload';
import { UsedBy } from '@/components/plugin/UsedBy';
import { sayTrust } from '@/components/plugin/words';

/** All plugins: which version runs, who vouches for it, who uses it. */
export function PluginsPage() {
  const { t } = useWords();
  const may = useMay('administrator');
  const [uploading, setUploading] = useState(false);
  const { data, error, refetch } = useQuery({ ...pluginsQuery, staleTime: 0 });
  const all = data?.plugins ?? [];
  const button = may && (
    <Button leftSection={<IconUpload size={16} />} onClick={() => setUploading(true)}>
      {t('plugins.upload')}
    </Button>
  );
  return (
    <Page name={t('plugins.title')} about={t('plugins.about')} tools={button}>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Panel><Loading lines={8} /></Panel>}
      {data && data.faults.length > 0 && (
        <div className={`${css.note} ${css.warn}`} role="status">
          <div>
            {t('plugins.faults', { count: data.faults.length })}
            <ul className={css.words}>{data.faults.map((f) => <li key={f} className="mono">{f}</li>)}</ul>
          </div>
        </div>
      )}
      {data && all.length === 0 && (
        <Panel>
          <Empty title={t('plugins.none')} text={t('plugins.noneText')}>
            {button}
          </Empty>
        </Panel>
      )}
      {(['module', 'provider'] as const).map((kind) => {
        const list = all.filter((p) => p.kind === kind);
        return (
          list.length > 0 && (
            <Panel key={kind} title={t(`plugins.kind.${kind}`)} flush>
              <List plugins={list} />
            </Panel>
          )
        );
      })}
      {uploading && <Upload onClose={() => setUploading(false)} />}
    </Page>
  );
}

function List({ plugins }: { plugins: Entry[] }) {
  const { t, pick } = useWords();
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col" style={{ width: '38%' }}>{t('plugins.plugin')}</th>
          <th scope="col">{t('plugins.version')}</th>
          <th scope="col">{t('plugins.signatureState')}</th>
          <th scope="col">{t('plugins.usedBy')}</th>
          <th scope="col">{t('plugins.vendor')}</th>
        </tr>
      </thead>
      <tbody>
        {plugins.map((p) => {
          const trust = sayTrust(p.trust, t);
          return (
            <tr key={p.id} data-plugin={p.id}>
              <td>
                <Link className={table.row ?? ''} to="/plugins/$id" params={{ id: p.id }} search={{ tab: undefined }}>
                  {pick(p.title) || p.id}
                </Link>{' '}
                <span className="mono dim">{p.id}</span>
                <div className={css.about}>{pick(p.description)}</div>
              </td>
              <td className="nowrap">
                <span className="num">{p.version}</span>
                {p.versions > 1 && <span className="dim"> · {t('plugins.files', { count: p.versions })}</span>}
                <div style={{ display: 'flex', gap: 6, flexWrap: 'wrap', marginTop: 2 }}>
                  {p.trial && <Tag tone="busy">{t('plugins.onTrial')}</Tag>}
                  {p.waiting && <Tag tone="warn">{t('plugins.waitingShort', { version: p.waiting.version })}</Tag>}
                  {p.refused && <Tag tone="bad" title={p.refused}>{t('plugins.refused')}</Tag>}
                </div>
              </td>
              <td title={trust.help}><Lamp tone={trust.tone}>{trust.name}</Lamp></td>
              <td className={css.links}><UsedBy kind={p.kind} names={p.used_by} /></td>
              <td>{p.vendor}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
