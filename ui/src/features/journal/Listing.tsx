import { Drawer, Text } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import { leastWidth, Rows, type Column } from '@/components/rows/Rows';

interface Query {
  error: unknown;
  isPending: boolean;
  isFetching: boolean;
  isFetchingNextPage: boolean;
  hasNextPage: boolean;
  fetchNextPage: () => unknown;
}

interface Props<R extends { id: string }> {
  query: Query;
  /** Empty places are rows that are not held now. */
  rows: (R | undefined)[];
  skipped: number;
  find: (id: string | undefined) => R | undefined;
  /** Hears which rows are in sight. */
  look: (from: number, to: number) => void;
  /** Asks for the newest rows. */
  fresh: () => void;
  /** Changes when the rows begin anew. */
  turn: number;
  label: string;
  columns: Column<R>[];
  row: string | undefined;
  onRow: (row: string | undefined) => void;
  detail: (row: R) => ReactNode;
  /** Without it the newest rows come first. */
  order: 'oldest' | undefined;
  onOrder: (order: 'oldest' | undefined) => void;
  /** Grows when the reader asks for fresh rows. */
  now: number;
  setBusy: (busy: boolean) => void;
}

/** The rows of a query, and one of them opened. */
export function Listing<R extends { id: string }>({ query, rows, skipped, find, look, fresh, turn, label, columns, row, onRow, order, onOrder, detail, now, setBusy }: Props<R>) {
  const { t } = useWords();
  const open = find(row);
  const asked = useRef(now);
  const { isFetching, isFetchingNextPage } = query;
  useEffect(() => {
    if (asked.current === now) return;
    asked.current = now;
    fresh();
  }, [now, fresh]);
  useEffect(() => setBusy(isFetching && !isFetchingNextPage), [isFetching, isFetchingNextPage, setBusy]);

  // The gateway looks through a bounded part of the journal for each answer: a rare text may need many.
  const searching = rows.length === 0 && query.hasNextPage && query.error === null;
  const { fetchNextPage } = query;
  useEffect(() => {
    if (searching && !isFetchingNextPage) void fetchNextPage();
  }, [searching, isFetchingNextPage, fetchNextPage]);

  if (query.error && rows.length === 0) return <Failure error={query.error} retry={fresh} />;
  if (query.isPending) return <Panel><Loading lines={10} /></Panel>;
  return (
    <>
      {searching ? (
        <Panel>
          <p role="status" style={{ margin: '0 0 12px', fontSize: 13.5 }}>{t('journal.searching')}</p>
          <Loading lines={6} />
        </Panel>
      ) : rows.length === 0 ? (
        <Panel><Empty title={t('journal.none')} text={t('journal.noneText')} /></Panel>
      ) : (
        <Rows
          key={turn}
          label={label}
          rows={rows}
          columns={columns}
          least={leastWidth(columns)}
          sort={{ column: 'time', down: order === undefined }}
          onSort={() => onOrder(order ? undefined : 'oldest')}
          selected={row}
          onOpen={onRow}
          onLook={look}
          hasMore={query.hasNextPage}
          loadingMore={isFetchingNextPage}
          loadMore={() => void query.fetchNextPage()}
          foot={
            <>
              {skipped > 0 && <span style={{ color: 'var(--pb-bad)' }}>{t('journal.skipped', { count: skipped })}</span>}
              {query.error !== null && <span style={{ color: 'var(--pb-bad)' }}>{t('journal.moreFailed')}</span>}
            </>
          }
        />
      )}
      <Drawer
        opened={row !== undefined}
        onClose={() => onRow(undefined)}
        position="right"
        size={620}
        title={<Text fw={600}>{label}</Text>}
        closeButtonProps={{ 'aria-label': t('common.close') }}
        overlayProps={{ backgroundOpacity: 0.12 }}
      >
        {open ? detail(open) : row !== undefined && <Empty title={t('journal.notLoaded')} text={t('journal.notLoadedText')} />}
      </Drawer>
    </>
  );
}
