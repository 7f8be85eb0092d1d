import { Button } from '@mantine/core';
import { useState } from 'react';
import type { TestReport } from '@/api/probe/shapes';
import { testProvider, type ProviderTest } from '@/api/probe/test';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';
import { Report } from './Report';

/** Tries settings that need not be saved yet. */
export function TestConnection({ test, disabled }: { test: () => ProviderTest; disabled?: boolean }) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [report, setReport] = useState<TestReport | null>(null);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setBusy(true);
    setReport(null);
    setError(null);
    try {
      setReport(await testProvider(test()));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <div>
        <Button variant="default" loading={busy} disabled={disabled} onClick={() => void run()}>
          {t('probe.test')}
        </Button>
      </div>
      {error !== null && <Failure error={error} />}
      {report && <Report report={report} />}
    </div>
  );
}
