import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Component, type ReactNode } from 'react';
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

export function Crashed({ error }: { error: Error }) {
  const { t } = useWords();
  return (
    <Empty title={t('problem.page')} text={t('problem.pageText')} icon={<IconAlertTriangle size={30} stroke={1.4} aria-hidden />}>
      <pre className="mono dim" style={{ whiteSpace: 'pre-wrap' }}>
        {error.message}
      </pre>
      <Button onClick={() => location.reload()}>{t('problem.reload')}</Button>
    </Empty>
  );
}
