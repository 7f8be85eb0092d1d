import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { journalPages, type Filter } from '@/api/journal/page';
import { modulesQuery } from '@/api/modules/list';
import { Page } from '@/components/Page';
import { ColumnsMenu } from '@/components/rows/ColumnsMenu';
import { shownColumns, useHidden } from '@/components/rows/columns';
import { useWords } from '@/i18n';
import { browserZone } from '@/lib/zone';
import { callColumns, requestColumns, smsColumns } from './columns';
import { CallDetail, RequestDetail, SMSDetail } from './Details';
import { ExportButton } from './ExportButton';
import { Filters } from './Filters';
import { Listing } from './Listing';
import { filterOf, kinds, type JournalKind, type JournalSearch } from './search';
import { useRows } from './useRows';

const routeOf: Record<JournalKind, 'requests' | 'sms' | 'calls'> = { requests: 'requests', bad: 'requests', sms: 'sms', calls: 'calls' };

export function JournalPage() {
  const { t } = useWords();
  const navigate = useNavigate({ from: '/journal' });
  const search = useSearch({ from: '/journal' });
  const kind = search.kind ?? 'requests';
  const [now, setNow] = useState(Date.now);
  const zone = search.tz ?? browserZone();
  const modules = useQuery(modulesQuery);
  const set = useCallback((change: Partial<JournalSearch>) => void navigate({ search: (before) => ({ ...before, row: undefined, ...change }), replace: true }), [navigate]);
  const filter = useMemo(() => {
    const f = filterOf(search, zone, now);
    if (routeOf[kind] === 'requests') Object.assign(f, { module: search.module, action: search.action, bad: kind === 'bad' });
    return f;
  }, [kind, search.last, search.from, search.to, search.user, search.text, search.order, search.module, search.action, zone, now]);
  const toAddress = useCallback((hide: string | undefined) => void navigate({ search: (before) => ({ ...before, hide }), replace: true }), [navigate]);
  const [hidden, hide] = useHidden(routeOf[kind], search.hide, toAddress);
  const byRequests = routeOf[kind] === 'requests';
  const actions = modules.data?.find((m) => m.id === search.module)?.actions.map((a) => a.name) ?? [];
  const props = { filter, zone, hidden, row: search.row, onRow: (row: string | undefined) => void navigate({ search: (before) => ({ ...before, row }), replace: row !== undefined && search.row !== undefined }) };
  const order = { order: search.order, onOrder: (o: 'oldest' | undefined) => set({ order: o }) };
  const [busy, setBusy] = useState(false);
  return (
    <Page name={t('journal.title')} fit="filling" tools={<><Kinds kind={kind} onChange={(k) => set({ kind: k === 'requests' ? undefined : k, hide: undefined })} /><ExportButton kind={routeOf[kind]} filter={filter} zone={zone} /></>}>
      <Filters search={search} set={set} refresh={() => setNow(Date.now())} refreshing={busy} columns={<Choice kind={kind} zone={zone} hidden={hidden} hide={hide} />}>
        {byRequests && (
          <>
            <Select
              aria-label={t('journal.module')}
              placeholder={t('journal.anyModule')}
              data={[...new Set([...(modules.data ?? []).map((m) => m.id), 'auth', ...(search.module ? [search.module] : [])])]}
              value={search.module ?? null}
              onChange={(module) => set({ module: module ?? undefined, action: undefined })}
              clearable
              clearButtonProps={{ 'aria-label': t('common.clear') }}
              w={150}
            />
            {search.module && (
              <Select
                aria-label={t('journal.action')}
                placeholder={t('journal.anyAction')}
                data={[...new Set([...actions, ...(search.action ? [search.action] : [])])]}
                value={search.action ?? null}
                onChange={(action) => set({ action: action ?? undefined })}
                clearable
                clearButtonProps={{ 'aria-label': t('common.clear') }}
                w={150}
              />
            )}
          </>
        )}
      </Filters>
      {kind === 'sms' ? <Sms {...props} order={order} now={now} setBusy={setBusy} /> : kind === 'calls' ? <Calls {...props} order={order} now={now} setBusy={setBusy} /> : <Requests {...props} order={order} now={now} setBusy={setBusy} label={t(`journal.kind.${kind}`)} />}
    </Page>
  );
}

function Kinds({ kind, onChange }: { kind: JournalKind; onChange: (kind: JournalKind) => void }) {
  const { t } = useWords();
  return <SegmentedControl aria-label={t('journal.records')} value={kind} onChange={(k) => onChange(k as JournalKind)} data={kinds.map((k) => ({ value: k, label: t(`journal.kind.${k}`) }))} />;
}

/** The columns of a kind of record, to choose from. */
function Choice({ kind, zone, hidden, hide }: { kind: JournalKind; zone: string; hidden: string[]; hide: (hidden: string[] | null) => void }) {
  const { t, language } = useWords();
  const look = { t, zone, language };
  const columns = { requests: requestColumns, sms: smsColumns, calls: callColumns }[routeOf[kind]](look);
  return <ColumnsMenu columns={columns.map(({ id, title }) => ({ id, title }))} hidden={hidden} onChange={hide} />;
}

interface PartProps {
  filter: Filter;
  zone: string;
  hidden: string[];
  row: string | undefined;
  onRow: (row: string | undefined) => void;
  order: { order: 'oldest' | undefined; onOrder: (order: 'oldest' | undefined) => void };
  now: number;
  setBusy: (busy: boolean) => void;
}

function Requests({ filter, zone, hidden, order, row, onRow, label, now, setBusy }: PartProps & { label: string }) {
  const { t, language } = useWords();
  const data = useRows(journalPages('requests', filter));
  const columns = useMemo(() => shownColumns(requestColumns({ t, zone, language }), hidden), [t, zone, language, hidden.join()]);
  return <Listing {...data} label={label} columns={columns} row={row} onRow={onRow} {...order} now={now} setBusy={setBusy} detail={(r) => <RequestDetail key={r.id} row={r} zone={zone} />} />;
}

function Sms({ filter, zone, hidden, order, row, onRow, now, setBusy }: PartProps) {
  const { t, language } = useWords();
  const data = useRows(journalPages('sms', filter));
  const columns = useMemo(() => shownColumns(smsColumns({ t, zone, language }), hidden), [t, zone, language, hidden.join()]);
  return <Listing {...data} label={t('journal.kind.sms')} columns={columns} row={row} onRow={onRow} {...order} now={now} setBusy={setBusy} detail={(r) => <SMSDetail key={r.id} row={r} zone={zone} />} />;
}

function Calls({ filter, zone, hidden, order, row, onRow, now, setBusy }: PartProps) {
  const { t, language } = useWords();
  const data = useRows(journalPages('calls', filter));
  const columns = useMemo(() => shownColumns(callColumns({ t, zone, language }), hidden), [t, zone, language, hidden.join()]);
  return <Listing {...data} label={t('journal.kind.calls')} columns={columns} row={row} onRow={onRow} {...order} now={now} setBusy={setBusy} detail={(r) => <CallDetail key={r.id} row={r} zone={zone} />} />;
}
