import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { Panel } from '@/components/Panel';
import { SendTest } from '@/components/probe/SendTest';
import { Webhook } from '@/components/probe/Webhook';
import { useWords } from '@/i18n';

/** The connection is there: try it, tell the aggregator where receipts go, and go on to the routing. */
export function Done({ name }: { name: string }) {
  const { t } = useWords();
  const navigate = useNavigate();
  return (
    <>
      <Webhook provider={name} />
      <SendTest through={name} />
      <Panel title={t('wizard.next')}>
        <div style={{ display: 'flex', gap: 10, flexWrap: 'wrap' }}>
          <Button variant="default" onClick={() => void navigate({ to: '/providers/$name', params: { name }, search: { tab: undefined } })}>
            {t('wizard.toSettings')}
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: '/modules/$id', params: { id: 'sms' }, search: { tab: 'settings' } })}>
            {t('wizard.toRouting')}
          </Button>
        </div>
      </Panel>
    </>
  );
}
