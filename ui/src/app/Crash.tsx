import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Component, useEffect, useRef, type ReactNode } from 'react';
import { lost, useConnection } from '@/api/connection';
import { Empty } from '@/components/Empty';
import { useWords } from '@/i18n';

/** Catches what a page throws, so that the rest of the panel stays. */
export class Crash extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error ? <Crashed error={this.state.error} /> : this.props.children;
  }
}

/** What browsers say when a part of the panel could not be fetched: the gateway is away, or is another one now. */
const notLoaded = /preload CSS|dynamically imported module|Importing a module|error loading/i;

export function Crashed({ error }: { error: Error }) {
  const { t } = useWords();
  const waiting = notLoaded.test(error.message);
  const { returns } = useConnection();
  const before = useRef(returns);
  useEffect(() => {
    if (waiting) lost();
  }, [waiting]);
  useEffect(() => {
    if (waiting && returns !== before.current) location.reload();
  }, [waiting, returns]);
  if (waiting) return <Empty title={t('problem.away')} text={t('problem.awayText')} icon={<Loader size={28} />} />;
  return (
    <Empty title={t('problem.page')} text={t('problem.pageText')} icon={<IconAlertTriangle size={30} stroke={1.4} aria-hidden />}>
      <pre className="mono dim" style={{ whiteSpace: 'pre-wrap' }}>
        {error.message}
      </pre>
      <Button onClick={() => location.reload()}>{t('problem.reload')}</Button>
    </Empty>
  );
}
