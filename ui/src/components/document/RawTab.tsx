import { SegmentedControl } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Target } from '@/api/setup/document';
import { useWords } from '@/i18n';
import { DocumentEditor } from './DocumentEditor';

/** The settings as text, or the whole block with its grant and actions. */
export function RawTab({ target, settings }: { target: Target; settings?: ReactNode }) {
  const { t } = useWords();
  const [whole, setWhole] = useState(!settings);
  return (
    <>
      {settings && (
        <SegmentedControl
          mb={14}
          aria-label={t('setup.which')}
          value={whole ? 'block' : 'settings'}
          onChange={(v) => setWhole(v === 'block')}
          data={[
            { value: 'settings', label: t('modules.tabSettings') },
            { value: 'block', label: t('setup.block') },
          ]}
        />
      )}
      {whole ? <DocumentEditor target={target} /> : settings}
    </>
  );
}
