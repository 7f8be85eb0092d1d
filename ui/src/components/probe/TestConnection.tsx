import { Button } from '@mantine/core';
import { testProvider, type ProviderTest } from '@/api/probe/test';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';
import { Report } from './Report';
import { useProbe } from './useProbe';

/** Tries settings that need not be saved yet. */
export function TestConnection({ test, disabled }: { test: () => ProviderTest; disabled?: boolean }) {
  const { t } = useWords();
  const { busy, report, error, run } = useProbe();
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <div>
        <Button variant="default" loading={busy} disabled={disabled} onClick={() => void run(() => testProvider(test()))}>
          {t('probe.test')}
        </Button>
      </div>
      {error !== null && <Failure error={error} />}
      {report && <Report report={report} />}
    </div>
  );
}
