import { Button, Modal, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { disableSecondFactor, renewRecoveryCodes } from '@/api/second/change';
import { meQuery } from '@/api/second/me';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';
import { Lamp } from '../Lamp';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { toast } from '../toasts';
import { CodeForm } from './CodeForm';
import { Enrol } from './Enrol';
import { RecoveryCodes } from './RecoveryCodes';
import css from './Security.module.css';

/** The user's own second factor: whether it is on, and the way to set it up or end it. */
export function SecondFactor() {
  const { t } = useWords();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(meQuery);
  const [doing, set] = useState<'enrol' | 'renew' | 'disable' | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const refresh = () => void client.invalidateQueries({ queryKey: keys.me });
  const close = () => set(null);
  if (error && !data) return <Panel title={t('security.title')}><Failure error={error} retry={() => void refetch()} /></Panel>;
  if (!data) return <Panel title={t('security.title')}><Loading lines={3} /></Panel>;
  const few = data.second_factor && data.recovery_left < 3;
  return (
    <Panel title={t('security.title')} tools={data.second_factor ? <Lamp tone="good">{t('state.on')}</Lamp> : <Lamp tone="idle">{t('state.off')}</Lamp>}>
      <p className={css.text}>{t(data.second_factor ? 'security.onText' : 'security.offText')}</p>
      {data.second_factor && <p className={css.text} style={few ? { color: 'var(--pb-warn)' } : undefined}>{t('security.left', { count: data.recovery_left })}</p>}
      <div className={css.buttons}>
        {data.second_factor ? (
          <>
            <Button variant="default" onClick={() => set('renew')}>
              {t('security.renew')}
            </Button>
            <Button variant="light" color="red" onClick={() => set('disable')}>
              {t('security.disable')}
            </Button>
          </>
        ) : (
          <Button onClick={() => set('enrol')}>{t('security.enable')}</Button>
        )}
      </div>
      {doing === 'enrol' && (
        <Enrol
          onClose={close}
          onDone={(fresh) => {
            close();
            setCodes(fresh);
            refresh();
          }}
        />
      )}
      {(doing === 'renew' || doing === 'disable') && (
        <Modal opened onClose={close} title={<Text fw={600}>{t(doing === 'renew' ? 'security.renewTitle' : 'security.disableTitle')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
          <p className={css.text}>{t(doing === 'renew' ? 'security.renewText' : 'security.disableText')}</p>
          <CodeForm
            help={t('signIn.codeHelp')}
            verb={t(doing === 'renew' ? 'security.renew' : 'security.disable')}
            danger={doing === 'disable'}
            send={async (code) => {
              if (doing === 'renew') setCodes((await renewRecoveryCodes(code)).recovery_codes);
              else {
                await disableSecondFactor(code);
                toast({ tone: 'good', text: t('security.disabled') });
              }
              close();
              refresh();
            }}
          />
        </Modal>
      )}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(null)} />}
    </Panel>
  );
}
