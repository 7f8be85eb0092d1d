import { Button, Group, Modal, Text } from '@mantine/core';
import { CodeBlock } from '@/components/CopyText';
import { useWords } from '@/i18n';

/** A secret that the gateway shows this once. It closes only by its button. */
export function Once({ title, text, secret, onClose }: { title: string; text: string; secret: string; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={<Text fw={600}>{title}</Text>}>
      <Text size="sm" mb="sm">
        {text}
      </Text>
      <CodeBlock text={secret} label={title} />
      <Group justify="flex-end" mt="lg">
        <Button onClick={onClose}>{t('users.onceDone')}</Button>
      </Group>
    </Modal>
  );
}
