import { DocumentEditor } from '@/components/document/DocumentEditor';
import { LiveLog } from '@/components/LiveLog';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { useSearch } from '@tanstack/react-router';
import { useWords } from '@/i18n';

/** The whole configuration as one document: to keep it, to compare it, to bring it to another gateway. */
export function SetupPage() {
  const { t } = useWords();
  const { tab } = useSearch({ from: '/configuration' });
  const tabs = [
    { id: 'document', label: t('setup.document'), content: () => <DocumentEditor target="all" /> },
    { id: 'log', label: t('setup.gatewayLog'), content: () => <LiveLog instance="" /> },
  ];
  return (
    <Page name={t('setup.title')} about={t('setup.about')}>
      <PageTabs tabs={tabs} now={tab} label={t('setup.title')} />
    </Page>
  );
}
