import { Button, Group, Modal, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useSession } from '@/api/session';
import { useWords } from '@/i18n';
import { download } from '@/lib/download';
import { CopyButton } from '../CopyText';
import css from './Security.module.css';

/** Shown this once. It closes only by its button. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useWords();
  const { login } = useSession();
  const text = `${codes.join('\n')}\n`;
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={<Text fw={600}>{t('security.codesTitle')}</Text>}>
      <p className={css.text} style={{ margin: 0 }}>{t('security.codesText')}</p>
      <ul className={css.codes}>
        {codes.map((c) => <li key={c}>{c}</li>)}
      </ul>
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => download(`patchbay-${login}-codes.txt`, text)}>
            {t('setup.download')}
          </Button>
          <CopyButton text={text} />
        </Group>
        <Button onClick={onClose}>{t('security.kept')}</Button>
      </Group>
    </Modal>
  );
}
