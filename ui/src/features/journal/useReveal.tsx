import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconEye } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { asApiError } from '@/api/error';
import type { Rows } from '@/api/journal/page';
import { revealRecord } from '@/api/journal/reveal';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { sayProblem } from '@/i18n/problem';
import { numbersHidden } from './hidden';

type Kind = 'requests' | 'sms' | 'calls';

/** A record with its numbers whole once somebody has asked for them, and the button to ask with. */
export function useReveal<K extends Kind>(kind: K, row: Rows[K]): { row: Rows[K]; control: ReactNode } {
  const { t } = useWords();
  const may = useMay('manager');
  const reveal = useMutation({ mutationFn: () => revealRecord(kind, row) });
  const shown = reveal.data ?? row;
  if (!may || !numbersHidden(kind, row)) return { row: shown, control: null };
  const control = reveal.data ? (
    <p className="dim" role="status" style={{ margin: '8px 0 0', fontSize: 13 }}>
      {t(numbersHidden(kind, shown) ? 'journal.keptShort' : 'journal.revealed')}
    </p>
  ) : (
    <div style={{ marginTop: 10, display: 'flex', gap: 10, alignItems: 'center', flexWrap: 'wrap' }}>
      <Button size="xs" variant="default" leftSection={<IconEye size={15} aria-hidden />} loading={reveal.isPending} onClick={() => reveal.mutate()}>
        {t('journal.reveal')}
      </Button>
      <span className="dim" style={{ fontSize: 12.5 }}>
        {reveal.error ? sayProblem(asApiError(reveal.error), t) : t('journal.revealNote')}
      </span>
    </div>
  );
  return { row: shown, control };
}

