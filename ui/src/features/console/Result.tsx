import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconDownload } from '@tabler/icons-react';
import type { Exchange } from '@/api/console/send';
import { latestQuery } from '@/api/journal/page';
import { CodeBlock, CopyText } from '@/components/CopyText';
import { Facts } from '@/components/Facts';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { RequestTrace } from '@/components/probe/RequestTrace';
import { useWords } from '@/i18n';
import { formatBytes, formatMilliseconds } from '@/lib/format';
import { downloadBlob } from '@/lib/download';
import css from './Console.module.css';

/** The answer, and what the gateway wrote down about the request. */
export function Result({ result: r, name }: { result: Exchange; name: string }) {
  const { t, language } = useWords();
  const tone = r.status >= 500 ? css.s5 : r.status >= 400 ? css.s4 : css.s2;
  return (
    <>
      <Panel title={t('console.answer')}>
        <div className={css.status} data-status={r.status}>
          <span className={`${css.code} ${tone}`}>{r.status}</span>
          <span>{formatMilliseconds(r.took, language)}</span>
          <span className="dim">{formatBytes(r.size, language)}</span>
          {r.requestId && <CopyText text={r.requestId} />}
        </div>
        <div className={css.columns}>
          <div>
            <h3 className={css.subtitle}>{t('console.body')}</h3>
            {r.text !== null ? (
              <CodeBlock text={pretty(r.text)} label={t('console.body')} />
            ) : r.file ? (
              <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => downloadBlob(name, r.file!)}>
                {t('setup.download')}
              </Button>
            ) : (
              <p className="dim">{t('console.empty')}</p>
            )}
          </div>
          <div>
            <h3 className={css.subtitle}>{t('console.headers')}</h3>
            <dl className={`${css.headers} mono`}>
              {r.headers.map(([k, v]) => (
                <div key={k} style={{ display: 'contents' }}>
                  <dt>{k}</dt>
                  <dd>{v}</dd>
                </div>
              ))}
            </dl>
          </div>
        </div>
      </Panel>
      {r.requestId && <Record requestId={r.requestId} />}
    </>
  );
}

/** The journal's record, which is written a moment after the answer. */
function Record({ requestId }: { requestId: string }) {
  const { t, language } = useWords();
  const { data } = useQuery({
    ...latestQuery('requests', { text: requestId }, 5, false),
    refetchInterval: ({ state: { data: page, dataUpdateCount } }) => (page?.rows.some((x) => x.request_id === requestId) || dataUpdateCount > 12 ? false : 500),
  });
  const row = data?.rows.find((x) => x.request_id === requestId);
  return (
    <Panel
      title={t('console.record')}
      tools={
        row && (
          <Link to="/journal" search={{ text: requestId, row: row.id }} style={{ color: 'var(--pb-accent)', fontSize: 13 }}>
            {t('journal.open')}
          </Link>
        )
      }
    >
      {!row ? (
        data ? <p className="dim" style={{ margin: 0 }}>{t('console.noRecord')}</p> : <Loading lines={2} />
      ) : (
        <>
          <Facts
            rows={[
              [t('journal.user'), row.user || t('journal.nobody')],
              [t('journal.status'), String(row.status)],
              [t('journal.error'), row.error],
              [t('journal.reason'), row.reason],
              [t('journal.duration'), formatMilliseconds(row.duration_ms, language)],
              [t('journal.ignored'), row.ignored.join(', ')],
            ]}
          />
          <RequestTrace requestId={requestId} />
        </>
      )}
    </Panel>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
