import { Button, Menu, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { IconDownload, IconLock, IconTable } from '@tabler/icons-react';
import { useCallback, useMemo, useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { modulesQuery } from '@/api/modules/list';
import { openAPIQuery } from '@/api/openapi/get';
import { fetchReport, fetchReportFile, type ReportFormat, type ReportWish } from '@/api/reports/rows';
import { meQuery } from '@/api/second/me';
import { useMay } from '@/api/session';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { LinkButton } from '@/components/LinkButton';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { useOwnToken } from '@/components/probe/useOwnToken';
import { ColumnsMenu } from '@/components/rows/ColumnsMenu';
import { shownColumns, useHidden } from '@/components/rows/columns';
import { leastWidth, Rows, type Column } from '@/components/rows/Rows';
import { Zone } from '@/components/rows/Zone';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { downloadBlob } from '@/lib/download';
import { cellText, columnNames, daysOf, isDay, isNumeric, periods, sortRows, type ReportRow } from '@/lib/report';
import { allows } from '@/lib/rights';
import { browserZone, wall } from '@/lib/zone';
import css from './Reports.module.css';
import { nextSort, sortOf, type ReportSearch } from './search';

/** Rows of one answer; more come while somebody scrolls. */
const pageRows = 2000;
/** The most rows of a file. */
const fileRows = 100_000;

interface Line {
  id: string;
  values: ReportRow;
}

/** One report as a table. It is asked for as an integrator would, with the rights of who is signed in. */
export function ReportPage() {
  const { t, pick, language } = useWords();
  const { name } = useParams({ from: '/reports/$name' });
  const me = useQuery(meQuery);
  const modules = useQuery(modulesQuery);
  const api = useQuery(openAPIQuery(language));
  const administrator = useMay('administrator');
  const parent = { to: '/reports', label: t('reports.title') };
  const module = modules.data?.find((m) => m.id === 'report');
  const action = module?.actions.find((a) => a.name === name);
  const error = me.error ?? modules.error ?? api.error;
  const wants = api.data?.paths[`/report/${name}`]?.post?.requestBody?.content?.['application/json']?.schema?.properties;
  const title = action && !action.provider ? pick(action.title) || name : name;
  const say = (content: React.ReactNode) => <Page name={title} parent={parent}>{content}</Page>;
  if (error && !(me.data && modules.data && api.data)) return say(<Failure error={error} retry={() => void Promise.all([me.refetch(), modules.refetch(), api.refetch()])} />);
  if (!me.data || !modules.data || !api.data) return say(<Panel><Loading lines={8} /></Panel>);
  if (!action) return say(<Panel><Empty title={t('reports.noReport')} text={t('problem.notFoundText')} /></Panel>);
  if (!module?.on || !action.on) {
    return say(
      <Panel>
        <Empty title={t('reports.off')} text={t('reports.offText')}>
          <LinkButton variant="light" to="/modules/$id" params={{ id: 'report' }} search={{ tab: undefined }}>{t('reports.toModule')}</LinkButton>
        </Empty>
      </Panel>,
    );
  }
  if (!allows(me.data.rights, `report.${name}`)) {
    return say(
      <Panel>
        <Empty title={t('reports.noRight')} text={t(administrator ? 'reports.noRightAdministrator' : 'reports.noRightText', { right: `report.${name}` })} icon={<IconLock size={30} stroke={1.4} aria-hidden />}>
          {administrator && (
            <LinkButton variant="light" to="/users/$login" params={{ login: me.data.login }} search={{ tab: undefined }}>{t('reports.toRights')}</LinkButton>
          )}
        </Empty>
      </Panel>,
    );
  }
  return <Table key={name} name={name} title={title} about={pick(action.summary)} provider={action.provider} dated={!wants || 'start_date' in wants} />;
}

interface TableProps {
  name: string;
  title: string;
  about: string;
  /** The connection behind it, if there is one. */
  provider?: string;
  /** Whether it takes a period. */
  dated: boolean;
}

function Table({ name, title, about, provider, dated }: TableProps) {
  const { t, language } = useWords();
  const navigate = useNavigate({ from: '/reports/$name' });
  const search = useSearch({ from: '/reports/$name' });
  const token = useOwnToken(t('reports.tokenLabel', { name }));
  const zone = search.tz ?? browserZone();
  const set = useCallback((change: Partial<ReportSearch>) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true }), [navigate]);
  const asked = !dated || (search.from !== undefined && search.to !== undefined);
  const wish: ReportWish = dated ? { start_date: search.from, stop_date: search.to, tz: zone } : {};

  const query = useInfiniteQuery({
    queryKey: ['report', name, wish],
    queryFn: async ({ pageParam, signal }) => fetchReport(name, await token(), dated ? { ...wish, limit: pageRows, ...(pageParam ? { cursor: pageParam } : {}) } : {}, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    enabled: asked,
    refetchOnWindowFocus: false,
    staleTime: 60_000,
    retry: false,
  });
  const all = useMemo(() => query.data?.pages.flatMap((p) => p.rows) ?? [], [query.data]);
  const toAddress = useCallback((hide: string | undefined) => set({ hide }), [set]);
  const [hidden, hide] = useHidden(`report:${name}`, search.hide, toAddress);
  const columns = useMemo(() => tableColumns(all), [all]);
  const sort = sortOf(search.sort);
  const rows = useMemo(() => {
    const lines: Line[] = all.map((values, i) => ({ id: String(i), values }));
    const by = sort && columns.find((c) => c.id === sort.column);
    return by ? sortRows(lines, (l) => l.values[by.title], sort.down, language) : lines;
  }, [all, columns, search.sort, language]);
  const shown = shownColumns(columns, hidden);

  return (
    <Page
      name={title}
      parent={{ to: '/reports', label: t('reports.title') }}
      about={about}
      meta={[<span key="r" className="mono">/report/{name}</span>, ...(provider ? [<Link key="p" to="/providers/$name" params={{ name: provider }} search={{ tab: undefined }} style={{ color: 'var(--pb-accent)' }}>{t('reports.settings')}</Link>] : [])]}
      fit="filling"
      tools={
        <>
          {columns.length > 0 && <ColumnsMenu columns={columns} hidden={hidden} onChange={hide} />}
          <Export name={name} token={token} wish={wish} disabled={!asked || all.length === 0} />
        </>
      }
    >
      {dated && <Period key={`${search.from} ${search.to}`} search={search} zone={zone} set={set} busy={query.isFetching} again={() => void query.refetch()} />}
      {!asked ? (
        <Panel><Empty title={t('reports.choose')} text={t('reports.chooseText')} icon={<IconTable size={30} stroke={1.4} aria-hidden />} /></Panel>
      ) : query.error && all.length === 0 ? (
        <ReportFailure error={query.error} provider={provider} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Panel><Loading lines={10} /></Panel>
      ) : all.length === 0 ? (
        <Panel><Empty title={t('reports.empty')} text={t(dated ? 'reports.emptyText' : 'reports.emptyNow')} /></Panel>
      ) : (
        <Rows
          label={title}
          rows={rows}
          columns={shown}
          least={leastWidth(shown)}
          hasMore={query.hasNextPage}
          loadingMore={query.isFetchingNextPage}
          loadMore={() => void query.fetchNextPage()}
          sort={sort}
          onSort={(column) => set({ sort: nextSort(search.sort, column) })}
          foot={
            <>
              {sort && query.hasNextPage && <span>{t('reports.sortedLoaded')}</span>}
              {query.error !== null && <span style={{ color: 'var(--pb-bad)' }}>{t('journal.moreFailed')}</span>}
            </>
          }
        />
      )}
    </Page>
  );
}

/** The columns of a report, as wide as what they hold. */
function tableColumns(rows: readonly ReportRow[]): Column<Line>[] {
  const sample = rows.slice(0, 100);
  return columnNames(sample).map((name, i) => {
    const longest = sample.reduce((n, row) => Math.max(n, cellText(row[name]).length), 0);
    const least = Math.round(Math.min(Math.max(longest * 8 + 24, Math.min(name.length, 18) * 7.5 + 44, 76), 340));
    return { id: `c${i}`, title: name, width: `minmax(${least}px, ${Math.max(longest, 4)}fr)`, least, sorts: true, end: isNumeric(sample, name), cell: (line) => <span className="num" title={cellText(line.values[name])}>{cellText(line.values[name])}</span> };
  });
}

interface PeriodProps {
  search: ReportSearch;
  zone: string;
  set: (change: Partial<ReportSearch>) => void;
  busy: boolean;
  again: () => void;
}

/** From which day to which; external systems are only asked when somebody says so. */
function Period({ search, zone, set, busy, again }: PeriodProps) {
  const { t } = useWords();
  const today = wall(Date.now(), zone).slice(0, 10);
  const first = daysOf('week', today);
  const [from, setFrom] = useState(search.from ?? first.from);
  const [to, setTo] = useState(search.to ?? first.to);
  const wrong = isDay(from) && isDay(to) && to < from;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isDay(from) || !isDay(to) || wrong) return;
    if (from === search.from && to === search.to) again();
    else set({ from, to });
  };
  return (
    <form onSubmit={submit}>
      <div className={css.presets} role="group" aria-label={t('journal.period')}>
        {periods.map((p) => {
          const days = daysOf(p, today);
          const now = days.from === search.from && days.to === search.to;
          return (
            <Button key={p} size="compact-sm" variant={now ? 'light' : 'subtle'} color={now ? undefined : 'gray'} aria-pressed={now} onClick={() => set(days)}>
              {t(`reports.period.${p}`)}
            </Button>
          );
        })}
      </div>
      <div className={css.bar}>
        <TextInput type="date" label={t('reports.from')} value={from} onChange={(e) => setFrom(e.currentTarget.value)} max={to || undefined} required withAsterisk={false} w={160} />
        <TextInput type="date" label={t('reports.to')} value={to} onChange={(e) => setTo(e.currentTarget.value)} min={from || undefined} error={wrong ? t('reports.wrongPeriod') : undefined} required withAsterisk={false} w={160} />
        <Zone zone={zone} onChange={(tz) => set({ tz: tz === browserZone() ? undefined : tz })} />
        <Button type="submit" loading={busy}>
          {t('reports.show')}
        </Button>
      </div>
    </form>
  );
}

/** Why there is no table, and what to do about it. */
function ReportFailure({ error, provider, retry }: { error: unknown; provider?: string; retry: () => void }) {
  const { t } = useWords();
  const e = asApiError(error);
  const upstream = e.status === 502 || e.status === 504;
  return (
    <Failure error={e} what={t(upstream ? 'reports.upstream' : 'reports.failed')} retry={retry}>
      {provider && upstream && (
        <LinkButton size="xs" variant="default" to="/providers/$name" params={{ name: provider }} search={{ tab: 'log' }}>
          {t('reports.toLog')}
        </LinkButton>
      )}
      {e.requestId && (
        <LinkButton size="xs" variant="default" to="/journal" search={{ text: e.requestId }}>
          {t('log.toJournal')}
        </LinkButton>
      )}
    </Failure>
  );
}

/** The whole report as a file, made by the gateway. */
function Export({ name, token, wish, disabled }: { name: string; token: () => Promise<string>; wish: ReportWish; disabled: boolean }) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const run = async (format: ReportFormat) => {
    setBusy(true);
    try {
      const made = await fetchReportFile(name, await token(), wish.start_date ? { ...wish, limit: fileRows } : {}, format);
      downloadBlob(made.name, made.file);
      toast(made.partial ? { tone: 'plain', text: t('reports.partial'), life: 0 } : { tone: 'good', text: t('reports.saved', { name: made.name }) });
    } catch (e) {
      toast({ tone: 'bad', text: `${t('reports.failed')}: ${asApiError(e).message}` });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu position="bottom-end" disabled={disabled}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} />} loading={busy} disabled={disabled}>
          {t('journal.export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run('csv')}>CSV</Menu.Item>
        <Menu.Item onClick={() => void run('xlsx')}>XLSX</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
