import { useState } from 'react';
import type { TestReport } from '@/api/probe/shapes';

/** One test at a time: its report, or why there is none. */
export function useProbe() {
  const [busy, setBusy] = useState(false);
  const [report, setReport] = useState<TestReport | null>(null);
  const [error, setError] = useState<unknown>(null);
  return {
    busy,
    report,
    error,
    clear: () => {
      setReport(null);
      setError(null);
    },
    run: async (test: () => Promise<TestReport>) => {
      setBusy(true);
      setReport(null);
      setError(null);
      try {
        setReport(await test());
      } catch (e) {
        setError(e);
      } finally {
        setBusy(false);
      }
    },
  };
}
