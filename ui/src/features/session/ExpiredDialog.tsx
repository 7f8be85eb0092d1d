import { Button, Modal, Text } from '@mantine/core';
import { endSession, useSessionState } from '@/api/session';
import { useWords } from '@/i18n';
import { LoginForm } from './LoginForm';

/** The session ended while a page was open: the same user signs in again over it. */
export function ExpiredDialog({ onDone }: { onDone: () => void }) {
  const { t } = useWords();
  const now = useSessionState();
  if (now.status !== 'expired') return null;
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={<Text fw={600}>{t('signIn.expiredTitle')}</Text>}>
      <Text size="sm" c="dimmed" mb="md">
        {t('signIn.expiredText')}
      </Text>
      <LoginForm fixed={now.session.login} onDone={onDone} />
      <Button variant="subtle" color="gray" fullWidth mt="sm" onClick={endSession}>
        {t('signIn.other')}
      </Button>
    </Modal>
  );
}
