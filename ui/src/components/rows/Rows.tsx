import { useVirtualizer } from '@tanstack/react-virtual';
import { IconArrowDown, IconArrowUp, IconArrowsSort } from '@tabler/icons-react';
import { useEffect, useRef, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import { useWords } from '@/i18n';
import css from './Rows.module.css';

export interface Column<R> {
  id: string;
  title: string;
  /** A grid track: "170px", "minmax(120px, 1fr)". */
  width: string;
  /** Its least width in pixels, where width does not begin with it. */
  least?: number;
  end?: boolean;
  /** A click on its head asks for another order. */
  sorts?: boolean;
  cell: (row: R) => ReactNode;
}

export interface Sort {
  column: string;
  down: boolean;
}

interface Props<R extends { id: string }> {
  label: string;
  /** An empty place is a row that is on its way. */
  rows: readonly (R | undefined)[];
  columns: Column<R>[];
  /** The least width of all columns together, in pixels. */
  least: number;
  selected?: string;
  /** Without it rows are not opened. */
  onOpen?: (id: string) => void;
  /** Hears which rows are in sight, from the first to the last. */
  onLook?: (from: number, to: number) => void;
  hasMore: boolean;
  loadingMore: boolean;
  loadMore: () => void;
  /** The order of the rows, which whoever hands them over makes. */
  sort?: Sort;
  onSort?: (column: string) => void;
  foot?: ReactNode;
}

const height = 34;

/** As many rows as there are, of which only those in sight are in the page. */
export function Rows<R extends { id: string }>({ label, rows, columns, least, selected, onOpen, onLook, hasMore, loadingMore, loadMore, sort, onSort, foot }: Props<R>) {
  const { t } = useWords();
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroll.current, estimateSize: () => height, overscan: 15, scrollPaddingStart: height });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  // The one row that Tab stops at: the open one while it is in sight.
  const entry = items.find((item) => rows[item.index]?.id === selected)?.index ?? items[0]?.index;

  useEffect(() => {
    if (hasMore && !loadingMore && last >= rows.length - 40) loadMore();
  }, [last, rows.length, hasMore, loadingMore, loadMore]);

  useEffect(() => onLook?.(first, last), [onLook, first, last, rows]);

  const step = (event: KeyboardEvent, index: number) => {
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1, PageDown: index + 15, PageUp: index - 15 }[event.key];
    if (onOpen && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      const row = rows[index];
      if (row) onOpen(row.id);
    } else if (to !== undefined) {
      event.preventDefault();
      const target = Math.min(Math.max(to, 0), rows.length - 1);
      virtual.scrollToIndex(target);
      requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`[data-index="${target}"]`)?.focus());
    }
  };

  return (
    <div className={css.frame} style={{ '--columns': columns.map((c) => c.width).join(' '), '--least': `${least}px` } as CSSProperties}>
      <div className={css.scroll} ref={scroll} role="grid" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1} tabIndex={-1}>
        <div className={css.inner}>
          <div className={css.head} role="row" aria-rowindex={1}>
            {columns.map((c) => (
              <div key={c.id} role="columnheader" className={c.end ? css.end : undefined} title={c.title} aria-sort={!onSort || !c.sorts ? undefined : sort?.column !== c.id ? 'none' : sort.down ? 'descending' : 'ascending'}>
                {onSort && c.sorts ? (
                  <button type="button" className={css.sort} onClick={() => onSort(c.id)}>
                    <span>{c.title}</span>
                    {sort?.column !== c.id ? <IconArrowsSort size={13} stroke={1.5} className={css.faint} aria-hidden /> : sort.down ? <IconArrowDown size={14} aria-hidden /> : <IconArrowUp size={14} aria-hidden />}
                  </button>
                ) : (
                  c.title
                )}
              </div>
            ))}
          </div>
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="rowgroup">
            {items.map((item) => {
              const row = rows[item.index];
              return (
                <div
                  key={row?.id ?? item.index}
                  role="row"
                  data-index={item.index}
                  aria-rowindex={item.index + 2}
                  aria-selected={onOpen && row !== undefined && row.id === selected}
                  aria-busy={row ? undefined : true}
                  tabIndex={item.index === entry ? 0 : -1}
                  className={`${css.row} ${onOpen ? css.opens : ''}`}
                  style={{ transform: `translateY(${item.start}px)` }}
                  onClick={onOpen && row && (() => onOpen(row.id))}
                  onKeyDown={(e) => step(e, item.index)}
                >
                  {columns.map((c) => (
                    <div key={c.id} role="gridcell" className={c.end ? css.end : undefined}>
                      {row ? c.cell(row) : <span className="dim">…</span>}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <div className={css.foot}>
        <span className="num" role="status">
          {loadingMore ? t('common.loading') : t(hasMore ? 'journal.loadedMore' : 'journal.loadedAll', { count: rows.length })}
        </span>
        {foot}
      </div>
    </div>
  );
}

/** The least width of columns together, when none is given for all. */
export function leastWidth<R>(columns: readonly Column<R>[]): number {
  return columns.reduce((sum, c) => sum + (c.least ?? Number(/(\d+)px/.exec(c.width)?.[1] ?? 120)), 0);
}
