import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { latestQuery } from '@/api/journal/page';
import type { CallRow, RequestRow, SMSRow } from '@/api/types';
import { CodeBlock, CopyText } from '@/components/CopyText';
import { Facts } from '@/components/Facts';
import { useWords } from '@/i18n';
import { formatMilliseconds } from '@/lib/format';
import { offsetName, wall } from '@/lib/zone';
import { Result, StatusCode } from './columns';
import css from './Details.module.css';
import { useReveal } from './useReveal';
import { RequestTrace } from '@/components/probe/RequestTrace';

function At({ time, zone }: { time: string; zone: string }) {
  return (
    <span className="num">
      {wall(time, zone)} <span className="dim">{zone} {offsetName(zone, new Date(time))}</span>
    </span>
  );
}

function User({ login }: { login: string }) {
  const { t } = useWords();
  if (!login) return <span className="dim">{t('journal.nobody')}</span>;
  return (
    <>
      <Link to="/users/$login" params={{ login }} search={{ tab: undefined }} className={css.link}>
        {login}
      </Link>{' '}
      <Link to="/journal" search={{ user: login }} className={css.side}>
        {t('journal.ofUser')}
      </Link>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h3 className={css.title}>{title}</h3>
      {children}
    </section>
  );
}

export function RequestDetail({ row, zone }: { row: RequestRow; zone: string }) {
  const { row: r, control } = useReveal('requests', row);
  const { t, language } = useWords();
  return (
    <>
      <Facts
        rows={[
          [t('journal.time'), <At key="t" time={r.time} zone={zone} />],
          [t('journal.route'), <span key="r" className="mono">/{r.module}{r.action && `/${r.action}`}</span>],
          [t('journal.status'), <StatusCode key="s" status={r.status} />],
          [t('journal.error'), r.error],
          [t('journal.reason'), r.reason],
          [t('journal.errorId'), r.error_id && <CopyText key="e" text={r.error_id} />],
          [t('journal.user'), <User key="u" login={r.user} />],
          [t('journal.ip'), r.ip && <span key="i" className="mono">{r.ip}</span>],
          [t('journal.duration'), formatMilliseconds(r.duration_ms, language)],
          [t('journal.requestId'), <CopyText key="q" text={r.request_id} />],
          [t('journal.id'), <span key="n" className="mono">{r.id}</span>],
          [t('journal.ignored'), r.ignored.length > 0 && <span key="g" className="mono">{r.ignored.join(', ')}</span>],
        ]}
      />
      <Section title={t('journal.body')}>{r.body === null ? <p className="dim">{t('journal.noBody')}</p> : <CodeBlock text={JSON.stringify(r.body, null, 2)} label={t('journal.body')} />}{control}</Section>
      {r.request_id && r.module && <RequestTrace key={r.request_id} requestId={r.request_id} />}
      <Related row={r} />
    </>
  );
}

/** The SMS or call that the request made, found by its id near its time. */
function Related({ row: r }: { row: RequestRow }) {
  const { t } = useWords();
  const kind = r.module === 'sms' ? 'sms' : r.module === 'contact' && r.action === 'add' ? 'calls' : null;
  const at = Date.parse(r.time);
  const near = { from: new Date(at - 600_000).toISOString(), to: new Date(at + 60_000).toISOString(), user: r.user };
  const { data } = useQuery({ ...latestQuery(kind ?? 'sms', near, 500, false), enabled: kind !== null });
  const found = data?.rows.find((x) => x.request_id === r.request_id);
  if (!kind || !found) return null;
  return (
    <Section title={t(`journal.kind.${kind}`)}>
      <Facts
        rows={[
          [t('journal.outcome'), <Result key="r" result={found.result} t={t} />],
          ['phone' in found ? t('journal.phone') : t('journal.called'), <span key="p" className="mono">{'phone' in found ? found.phone : found.called}</span>],
          [t('journal.detail'), found.detail],
        ]}
      />
      <Link to="/journal" search={{ kind, row: found.id }} className={css.link}>
        {t('journal.open')}
      </Link>
    </Section>
  );
}

export function SMSDetail({ row, zone }: { row: SMSRow; zone: string }) {
  const { row: r, control } = useReveal('sms', row);
  const { t } = useWords();
  return (
    <>
      <Facts
        rows={[
          [t('journal.time'), <At key="t" time={r.time} zone={zone} />],
          [t('journal.outcome'), <Result key="r" result={r.result} t={t} />],
          [t('journal.detail'), r.detail],
          [t('journal.phone'), <div key="p"><CopyText text={r.phone} />{control}</div>],
          [t('journal.originator'), r.originator],
          [t('journal.provider'), r.provider && <Link key="v" to="/providers/$name" params={{ name: r.provider }} search={{ tab: undefined }} className={css.link}>{r.provider}</Link>],
          [t('journal.messageId'), r.message_id && <CopyText key="m" text={r.message_id} />],
          [t('journal.segments'), r.segments || ''],
          [t('journal.project'), r.project_id],
          [t('journal.session'), r.session_id],
          [t('journal.user'), <User key="u" login={r.user} />],
          [t('journal.done'), r.done && <At key="d" time={r.done} zone={zone} />],
          [t('journal.requestId'), <CopyText key="q" text={r.request_id} />],
          [t('journal.id'), <span key="n" className="mono">{r.id}</span>],
        ]}
      />
      <Section title={t('journal.message')}>
        <CodeBlock text={r.message} label={t('journal.message')} />
      </Section>
    </>
  );
}

export function CallDetail({ row, zone }: { row: CallRow; zone: string }) {
  const { row: r, control } = useReveal('calls', row);
  const { t } = useWords();
  return (
    <Facts
      rows={[
        [t('journal.time'), <At key="t" time={r.time} zone={zone} />],
        [t('journal.outcome'), <Result key="r" result={r.result} t={t} />],
        [t('journal.detail'), r.detail],
        [t('journal.called'), <CopyText key="c" text={r.called} />],
        [t('journal.caller'), <div key="a"><CopyText text={r.caller} />{control}</div>],
        [t('journal.account'), r.account],
        [t('journal.node'), r.node],
        ['UUID', r.uuid && <CopyText key="x" text={r.uuid} />],
        [t('journal.user'), <User key="u" login={r.user} />],
        [t('journal.done'), r.done && <At key="d" time={r.done} zone={zone} />],
        [t('journal.requestId'), <CopyText key="q" text={r.request_id} />],
        [t('journal.id'), <span key="n" className="mono">{r.id}</span>],
      ]}
    />
  );
}
