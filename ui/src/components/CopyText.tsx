import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useWords } from '@/i18n';
import { copy } from '@/lib/clipboard';
import css from './CopyText.module.css';

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const { t } = useWords();
  const [done, setDone] = useState<boolean | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  const name = done ? t('common.copied') : done === false ? t('common.copyFailed') : (label ?? t('common.copy'));
  return (
    <Tooltip label={name} opened={done === null ? undefined : true}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={name} onClick={async () => setDone(await copy(text))}>
        {done ? <IconCheck size={15} /> : <IconCopy size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** A short text to copy: an id. */
export function CopyText({ text }: { text: string }) {
  return (
    <span className={css.copy}>
      <span className="mono">{text}</span>
      <CopyButton text={text} />
    </span>
  );
}

/** A block of text to copy: a command, a document. */
export function CodeBlock({ text, label }: { text: string; label?: string }) {
  return (
    <div className={css.frame}>
      <pre className={css.block} tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <span className={css.corner}>
        <CopyButton text={text} />
      </span>
    </div>
  );
}
