import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { hookQuery, rotateHook } from '@/api/probe/hook';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { Confirm } from '../Confirm';
import { CodeBlock } from '../CopyText';
import { Failure } from '../Failure';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { toast } from '../toasts';

/** Where the aggregator sends receipts. The address is a secret: for administrators only. */
export function Webhook({ provider }: { provider: string }) {
  const { t } = useWords();
  const may = useMay('administrator');
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ ...hookQuery(provider), enabled: may });
  const [asking, ask] = useState(false);
  if (!may) return null;
  return (
    <Panel
      title={t('probe.hookTitle')}
      tools={
        data?.receipts && (
          <Button size="compact-sm" variant="default" onClick={() => ask(true)}>
            {t('probe.rotate')}
          </Button>
        )
      }
    >
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={2} />
      ) : !data.receipts ? (
        <p style={{ margin: 0, fontSize: 13.5 }}>{t('probe.noReceipts')}</p>
      ) : (
        <>
          <p style={{ margin: '0 0 10px', fontSize: 13.5 }}>{t(data.url ? 'probe.hookText' : 'probe.hookPathText')}</p>
          <CodeBlock text={data.url || data.path} label={t('probe.hookTitle')} />
        </>
      )}
      <Confirm
        opened={asking}
        onClose={() => ask(false)}
        title={t('probe.rotateTitle')}
        verb={t('probe.rotate')}
        danger
        run={async () => {
          client.setQueryData(keys.hook(provider), await rotateHook(provider));
          toast({ tone: 'good', text: t('probe.rotated') });
        }}
      >
        {t('probe.rotateText')}
      </Confirm>
    </Panel>
  );
}
