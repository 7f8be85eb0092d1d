import { Select } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { changesPages, type ChangeRow } from '@/api/changes/page';
import { CopyText } from '@/components/CopyText';
import { Facts } from '@/components/Facts';
import { Page } from '@/components/Page';
import { useWords } from '@/i18n';
import { changeNames, sayChange } from '@/i18n/change';
import { isHiddenSecret } from '@/lib/dialect';
import { differences } from '@/lib/diff';
import { browserZone, offsetName, wall } from '@/lib/zone';
import { auditColumns } from './columns';
import css from './Details.module.css';
import { ExportButton } from './ExportButton';
import { Filters } from './Filters';
import { Listing } from './Listing';
import { Restore } from './Restore';
import { filterOf, type JournalSearch } from './search';
import { useRows } from './useRows';

/** Every administrative change: who, when, and what was before. */
export function ChangesPage() {
  const { t, language } = useWords();
  const navigate = useNavigate({ from: '/changes' });
  const search = useSearch({ from: '/changes' });
  const [now, setNow] = useState(Date.now);
  const [busy, setBusy] = useState(false);
  const zone = search.tz ?? browserZone();
  const filter = useMemo(() => ({ ...filterOf(search, zone, now), action: search.action }), [search.last, search.from, search.to, search.user, search.text, search.order, search.action, zone, now]);
  const data = useRows(changesPages(filter));
  const set = useCallback(({ kind: _k, module: _m, ...change }: Partial<JournalSearch>) => void navigate({ search: (before) => ({ ...before, row: undefined, ...change }), replace: true }), [navigate]);
  const columns = useMemo(() => auditColumns({ t, zone, language }), [t, zone, language]);
  return (
    <Page name={t('nav.changes')} about={t('changes.about')} fit="filling" tools={<ExportButton kind="audit" filter={filter} zone={zone} />}>
      <Filters search={search} set={set} refresh={() => setNow(Date.now())} refreshing={busy}>
        <Select
          aria-label={t('changes.what')}
          placeholder={t('changes.anything')}
          data={changeNames.map((name) => ({ value: name, label: sayChange(name, t) }))}
          value={search.action ?? null}
          onChange={(action) => set({ action: action ?? undefined })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('common.clear') }}
          w={210}
        />
      </Filters>
      <Listing
        {...data}
        label={t('changes.change')}
        columns={columns}
        row={search.row}
        order={search.order}
        onOrder={(order) => set({ order })}
        onRow={(row) => void navigate({ search: (before) => ({ ...before, row }), replace: row !== undefined && search.row !== undefined })}
        now={now}
        setBusy={setBusy}
        detail={(r) => <Detail row={r} zone={zone} />}
      />
    </Page>
  );
}

function Detail({ row: r, zone }: { row: ChangeRow; zone: string }) {
  const { t } = useWords();
  const changed = differences(r.before, r.after);
  const say = (value: unknown) => {
    if (value === undefined || value === null) return '';
    if (isHiddenSecret(value)) return t('form.secretSet');
    if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value.join(', ');
    return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
  };
  const hadBefore = changed.some((d) => say(d.before) !== '');
  return (
    <>
      <Facts
        rows={[
          [t('changes.what'), sayChange(r.action, t)],
          [t('changes.object'), <span key="o" className="mono">{r.object}</span>],
          [t('changes.who'), r.user],
          [t('journal.time'), `${wall(r.time, zone)} ${offsetName(zone, new Date(r.time))}`],
          [t('journal.ip'), r.ip || t('changes.local')],
          [t('journal.requestId'), <CopyText key="q" text={r.request_id} />],
        ]}
      />
      {changed.length > 0 && (
        <section className={css.section}>
          <h3 className={css.title}>{t('changes.difference')}</h3>
          <table className={css.diff}>
            <thead>
              <tr>
                <th scope="col">{t('changes.field')}</th>
                {hadBefore && <th scope="col">{t('form.before')}</th>}
                <th scope="col">{t('changes.after')}</th>
              </tr>
            </thead>
            <tbody>
              {changed.map((d) => (
                <tr key={d.path}>
                  <th scope="row" className="mono">{d.path || '—'}</th>
                  {hadBefore && <td className={`mono ${say(d.before) ? css.before : ''}`}>{say(d.before)}</td>}
                  <td className={`mono ${say(d.after) ? css.after : ''}`}>{say(d.after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Restore row={r} />
    </>
  );
}
