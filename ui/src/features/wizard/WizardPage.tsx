import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { pluginsQuery } from '@/api/plugins/list';
import { useMay } from '@/api/session';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import { Connect } from './Connect';
import { Done } from './Done';

/** Connects an SMS aggregator with an HTTP interface: its curl command, a look at it, a test message. */
export function WizardPage() {
  const { t } = useWords();
  const may = useMay('manager');
  const { data, error, refetch } = useQuery(pluginsQuery);
  const [made, setMade] = useState<string | null>(null);
  const plugin = data?.plugins.find((p) => p.id === 'sms-http');
  return (
    <Page name={t('wizard.title')} about={t('wizard.about')} parent={{ to: '/providers', label: t('providers.title') }}>
      {!may ? (
        <Panel><Empty title={t('common.needsManager')} /></Panel>
      ) : error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Panel><Loading lines={6} /></Panel>
      ) : !plugin?.settings ? (
        <Panel><Empty title={t('wizard.noPlugin')} text={t('wizard.noPluginText')} /></Panel>
      ) : made ? (
        <Done name={made} />
      ) : (
        <Connect schema={plugin.settings} onDone={setMade} />
      )}
    </Page>
  );
}
