import { Button } from '@mantine/core';
import { testNode, type NodeTest as Wish } from '@/api/nodes/test';
import { useWords } from '@/i18n';
import { sayNodeFault } from '@/i18n/node';
import { isObject } from '@/lib/dialect';
import { formatMilliseconds } from '@/lib/format';
import { Failure } from '../Failure';
import css from './Probe.module.css';
import { useProbe } from './useProbe';

/** Connects to a FreeSWITCH with values that need not be saved, and says what was found. */
export function NodeTest({ test, disabled }: { test: () => Wish; disabled?: boolean }) {
  const { t, language } = useWords();
  const { busy, report, error, run } = useProbe();
  const fault = report && !report.ok ? sayNodeFault(report.code, report.error, t) : null;
  const version = report?.ok && isObject(report.answer) && typeof report.answer.version === 'string' ? report.answer.version : '';
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <div>
        <Button variant="default" loading={busy} disabled={disabled} onClick={() => void run(() => testNode(test()))}>
          {t('probe.test')}
        </Button>
      </div>
      {error !== null && <Failure error={error} />}
      {report?.ok && (
        <div className={`${css.verdict} ${css.good}`} role="status" data-ok>
          {t('nodes.found')} {version && <strong>{version}</strong>} <span className="dim nowrap">({formatMilliseconds(report.took_ms, language)})</span>
        </div>
      )}
      {report && fault && (
        <div className={`${css.verdict} ${css.bad}`} role="status" data-ok={false} data-code={report.code}>
          <strong>{fault.what}</strong>
          {fault.fix && <div>{fault.fix}</div>}
          {fault.fix && report.error && <div className="dim">{report.error}</div>}
        </div>
      )}
    </div>
  );
}
