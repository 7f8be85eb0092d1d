import { Button, Group, Modal, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useWords } from '@/i18n';

/** Asks before unsaved changes get lost: on the way to another page and when the window closes. */
export function Leave({ unsaved }: { unsaved: boolean }) {
  const { t } = useWords();
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => unsaved && current.pathname !== next.pathname,
    enableBeforeUnload: () => unsaved,
    withResolver: true,
  });
  return (
    <Modal opened={status === 'blocked'} onClose={() => reset?.()} title={<Text fw={600}>{t('common.unsavedTitle')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Text size="sm">{t('common.unsavedText')}</Text>
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="light" color="red" onClick={() => proceed?.()}>
          {t('common.discard')}
        </Button>
        <Button onClick={() => reset?.()} data-autofocus>
          {t('common.stay')}
        </Button>
      </Group>
    </Modal>
  );
}
