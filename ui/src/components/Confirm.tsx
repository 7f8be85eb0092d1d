import { Button, Group, Modal, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useWords } from '@/i18n';
import { Failure } from './Failure';

interface Props {
  opened: boolean;
  title: string;
  children?: ReactNode;
  /** The verb on the button: "Delete", never "OK". */
  verb: string;
  danger?: boolean;
  onClose: () => void;
  run: () => Promise<unknown>;
}

/** Asks before something that cannot be undone, and stays open when it fails. */
export function Confirm({ opened, title, children, verb, danger, onClose, run }: Props) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    if (busy) return;
    setError(null);
    onClose();
  };
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await run();
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={<Text fw={600}>{title}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Text component="div" size="sm" mb="md">
        {children}
      </Text>
      {error !== null && <Failure error={error} />}
      <Group justify="flex-end" mt="md" gap="sm">
        <Button variant="default" onClick={close} disabled={busy}>
          {t('common.cancel')}
        </Button>
        <Button color={danger ? 'red' : undefined} loading={busy} onClick={go} data-autofocus>
          {verb}
        </Button>
      </Group>
    </Modal>
  );
}
