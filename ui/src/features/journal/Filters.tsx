import { ActionIcon, Button, Select, TextInput, Tooltip } from '@mantine/core';
import { IconRefresh, IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { usersQuery } from '@/api/users/list';
import { Zone } from '@/components/rows/Zone';
import { useWords } from '@/i18n';
import { browserZone, instant } from '@/lib/zone';
import css from '@/components/rows/Rows.module.css';
import { spans, type JournalSearch, type Span } from './search';

interface Props {
  search: JournalSearch;
  set: (change: Partial<JournalSearch>) => void;
  refresh: () => void;
  refreshing: boolean;
  /** The choice of columns. */
  columns?: ReactNode;
  /** Filters of one kind of record. */
  children?: ReactNode;
}

/** The filters that every kind of record has; all of them are in the address. */
export function Filters({ search, set, refresh, refreshing, columns, children }: Props) {
  const { t } = useWords();
  const users = useQuery(usersQuery);
  const zone = search.tz ?? browserZone();
  const [own, setOwn] = useState(search.from !== undefined || search.to !== undefined);
  const span = search.last ?? (own || search.from || search.to ? 'own' : 'all');
  const any = Object.entries(search).some(([k, v]) => v !== undefined && !['kind', 'tz', 'row', 'hide', 'order'].includes(k));
  const names = [...new Set([...(users.data ?? []).map((u) => u.login), ...(search.user ? [search.user] : [])])];
  const pickSpan = (value: string | null) => {
    setOwn(value === 'own');
    if (value === 'own') set({ last: undefined });
    else set({ last: value === 'all' || !value ? undefined : (value as Span), from: undefined, to: undefined });
  };
  return (
    <div className={css.bars}>
      <div className={css.bar}>
        <Select
          aria-label={t('journal.period')}
          data={[
            { value: 'all', label: t('journal.allTime') },
            ...(Object.keys(spans) as Span[]).map((s) => ({ value: s, label: t(`journal.span.${s}`) })),
            { value: 'own', label: t('journal.ownPeriod') },
          ]}
          value={span}
          onChange={pickSpan}
          allowDeselect={false}
          w={184}
        />
        {span === 'own' && (
          <>
            <Moment label={t('journal.from')} value={search.from} zone={zone} onChange={(from) => set({ from })} />
            <Moment label={t('journal.to')} value={search.to} zone={zone} onChange={(to) => set({ to })} />
          </>
        )}
        <Words value={search.text} onChange={(text) => set({ text })} />
        <Select
          aria-label={t('journal.user')}
          placeholder={t('journal.anyUser')}
          data={names}
          value={search.user ?? null}
          onChange={(user) => set({ user: user ?? undefined })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('common.clear') }}
          w={190}
        />
        {children}
        <Zone zone={zone} onChange={(tz) => set({ tz: tz === browserZone() ? undefined : tz })} />
        <Tooltip label={t('common.refresh')}>
          <ActionIcon variant="default" size={36} onClick={refresh} loading={refreshing} aria-label={t('common.refresh')}>
            <IconRefresh size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        {columns}
        {any && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconX size={14} />}
            onClick={() => {
              setOwn(false);
              set({ last: undefined, from: undefined, to: undefined, user: undefined, module: undefined, action: undefined, text: undefined });
            }}
          >
            {t('journal.reset')}
          </Button>
        )}
      </div>
    </div>
  );
}

/** A free text goes into the address once the typing rests. */
function Words({ value, onChange }: { value: string | undefined; onChange: (value: string | undefined) => void }) {
  const { t } = useWords();
  const [draft, setDraft] = useState(value ?? '');
  useEffect(() => setDraft(value ?? ''), [value]);
  useEffect(() => {
    if (draft === (value ?? '')) return;
    const timer = setTimeout(() => onChange(draft || undefined), 350);
    return () => clearTimeout(timer);
  }, [draft, value, onChange]);
  return <TextInput type="search" aria-label={t('journal.text')} placeholder={t('journal.text')} leftSection={<IconSearch size={15} />} value={draft} onChange={(e) => setDraft(e.currentTarget.value)} w={190} />;
}

/** A wall-clock time of the chosen zone; what is no time is marked and not applied. */
function Moment({ label, value, zone, onChange }: { label: string; value: string | undefined; zone: string; onChange: (value: string | undefined) => void }) {
  const { t } = useWords();
  const [draft, setDraft] = useState(value ?? '');
  useEffect(() => setDraft(value ?? ''), [value]);
  const wrong = draft !== '' && instant(draft, zone) === undefined;
  return (
    <TextInput
      aria-label={label}
      placeholder={`${label}: ${t('journal.moment')}`}
      value={draft}
      error={wrong}
      onChange={(e) => setDraft(e.currentTarget.value)}
      onBlur={() => !wrong && onChange(draft || undefined)}
      onKeyDown={(e) => e.key === 'Enter' && !wrong && onChange(draft || undefined)}
      w={200}
    />
  );
}
