import type { AuditRow, CallRow, RequestRow, SMSRow } from '@/api/types';
import type { T } from '@/i18n';
import { Lamp, type Tone } from '@/components/Lamp';
import { formatMilliseconds } from '@/lib/format';
import { wall } from '@/lib/zone';
import { sayChange } from '@/i18n/change';
import css from '@/components/rows/Rows.module.css';
import type { Column } from '@/components/rows/Rows';

interface Look {
  t: T;
  zone: string;
  language: string;
}

const time = <R extends { time: string }>({ t, zone }: Look): Column<R> => ({
  id: 'time',
  title: t('journal.time'),
  width: '158px',
  sorts: true,
  cell: (r) => <span className="num">{wall(r.time, zone)}</span>,
});

export function StatusCode({ status }: { status: number }) {
  return <span className={`${css.status} ${status >= 500 ? css.s5 : status >= 400 ? css.s4 : css.s2}`}>{status}</span>;
}

export function requestColumns(look: Look): Column<RequestRow>[] {
  const { t, language } = look;
  return [
    time(look),
    { id: 'status', title: t('journal.status'), width: '66px', cell: (r) => <StatusCode status={r.status} /> },
    { id: 'route', title: t('journal.route'), width: 'minmax(150px, 1fr)', cell: (r) => <span className="mono">/{r.module}{r.action && `/${r.action}`}</span> },
    { id: 'user', title: t('journal.user'), width: '150px', cell: (r) => r.user || <span className="dim">{t('journal.nobody')}</span> },
    { id: 'error', title: t('journal.error'), width: 'minmax(180px, 1.3fr)', cell: (r) => [r.error, r.reason && `(${r.reason})`].filter(Boolean).join(' ') },
    { id: 'body', title: t('journal.body'), width: 'minmax(160px, 1.6fr)', cell: (r) => <span className="mono dim">{r.body === null ? '' : JSON.stringify(r.body)}</span> },
    { id: 'duration', title: t('journal.duration'), width: '112px', end: true, cell: (r) => <span className="num">{formatMilliseconds(r.duration_ms, language)}</span> },
    { id: 'ip', title: t('journal.ip'), width: '128px', cell: (r) => <span className="mono">{r.ip}</span> },
  ];
}

const results: Record<string, Tone> = { OK: 'good', ok: 'good', error: 'bad', unknown: 'warn', pending: 'busy', '': 'busy' };

export function Result({ result, t }: { result: string; t: T }) {
  const known = (['OK', 'error', 'unknown', 'pending'] as const).find((k) => k === (result || 'pending'));
  return <Lamp tone={results[result] ?? 'warn'}>{known ? t(`journal.result.${known}`) : result}</Lamp>;
}

export function smsColumns(look: Look): Column<SMSRow>[] {
  const { t } = look;
  return [
    time(look),
    { id: 'result', title: t('journal.outcome'), width: '150px', cell: (r) => <Result result={r.result} t={t} /> },
    { id: 'phone', title: t('journal.phone'), width: '140px', cell: (r) => <span className="mono">{r.phone}</span> },
    { id: 'originator', title: t('journal.originator'), width: '120px', cell: (r) => r.originator },
    { id: 'message', title: t('journal.message'), width: 'minmax(200px, 2fr)', cell: (r) => r.message },
    { id: 'segments', title: t('journal.segments'), width: '70px', end: true, cell: (r) => <span className="num">{r.segments || ''}</span> },
    { id: 'provider', title: t('journal.provider'), width: '120px', cell: (r) => r.provider },
    { id: 'project', title: t('journal.project'), width: '90px', cell: (r) => r.project_id },
    { id: 'user', title: t('journal.user'), width: '140px', cell: (r) => r.user },
  ];
}

export function callColumns(look: Look): Column<CallRow>[] {
  const { t } = look;
  return [
    time(look),
    { id: 'result', title: t('journal.outcome'), width: '150px', cell: (r) => <Result result={r.result} t={t} /> },
    { id: 'called', title: t('journal.called'), width: 'minmax(130px, 1fr)', cell: (r) => <span className="mono">{r.called}</span> },
    { id: 'caller', title: t('journal.caller'), width: 'minmax(110px, 1fr)', cell: (r) => <span className="mono">{r.caller}</span> },
    { id: 'account', title: t('journal.account'), width: '100px', cell: (r) => <span className="mono">{r.account}</span> },
    { id: 'node', title: t('journal.node'), width: '110px', cell: (r) => r.node },
    { id: 'detail', title: t('journal.detail'), width: 'minmax(150px, 1.4fr)', cell: (r) => r.detail },
    { id: 'user', title: t('journal.user'), width: '150px', cell: (r) => r.user },
  ];
}

export function auditColumns(look: Look): Column<AuditRow>[] {
  const { t } = look;
  return [
    time(look),
    { id: 'user', title: t('changes.who'), width: '150px', cell: (r) => r.user },
    { id: 'action', title: t('changes.what'), width: 'minmax(200px, 1fr)', cell: (r) => sayChange(r.action, t) },
    { id: 'object', title: t('changes.object'), width: 'minmax(150px, 1fr)', cell: (r) => <span className="mono">{r.object}</span> },
    { id: 'ip', title: t('journal.ip'), width: '140px', cell: (r) => (r.ip ? <span className="mono">{r.ip}</span> : <span className="dim">{t('changes.local')}</span>) },
  ];
}
