import { Button, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { equal } from '@/lib/diff';
import { isObject, type Values } from '@/lib/dialect';
import { hclBlock } from '@/lib/hcl';
import { CodeBlock } from '../CopyText';
import { Failure } from '../Failure';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { ConflictDialog } from './ConflictDialog';
import { SaveBar } from './SaveBar';
import type { SettingsDraft } from './useSettingsDraft';

interface Props {
  draft: SettingsDraft;
  kind: 'module' | 'provider';
  name: string;
  /** Attributes of the block besides the settings. */
  more?: Record<string, unknown>;
}

/** The same draft as the form edits, as text. Text that is no document yet is kept and not saved. */
export function RawSettings({ draft, kind, name, more }: Props) {
  const { t } = useWords();
  const may = useMay('manager');
  const [text, setText] = useState(() => pretty(draft.values));
  const [error, setError] = useState('');
  const last = useRef<Values>(draft.values);

  useEffect(() => {
    if (equal(last.current, draft.values)) return;
    last.current = draft.values;
    setText(pretty(draft.values));
    setError('');
  }, [draft.values]);

  const edit = (next: string) => {
    setText(next);
    try {
      const parsed: unknown = JSON.parse(next);
      if (!isObject(parsed)) {
        setError(t('mistake.object'));
        return;
      }
      setError('');
      last.current = parsed;
      draft.setValues(parsed);
    } catch (e) {
      setError(t('mistake.json', { want: e instanceof Error ? e.message : '' }));
    }
  };

  if (draft.loadError) return <Failure error={draft.loadError} retry={draft.reload} />;
  if (!draft.settings) return <Panel><Loading lines={5} /></Panel>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!error) void draft.save();
      }}
    >
      <Panel
        title="JSON"
        tools={
          <Button size="compact-sm" variant="default" disabled={error !== ''} onClick={() => setText(pretty(draft.values))}>
            {t('raw.format')}
          </Button>
        }
      >
        <Textarea
          aria-label="JSON"
          description={t('raw.about')}
          value={text}
          onChange={(e) => edit(e.currentTarget.value)}
          error={error || undefined}
          disabled={!may || draft.saving || !draft.settings.schema}
          autosize
          minRows={8}
          maxRows={28}
          spellCheck={false}
          classNames={{ input: 'mono' }}
        />
      </Panel>
      {may && <SaveBar draft={draft} />}
      <Panel title={t('raw.hcl')} note={t('raw.hclAbout')}>
        <CodeBlock text={hclBlock(kind, name, draft.values, more)} label={t('raw.hcl')} />
      </Panel>
      <ConflictDialog draft={draft} />
    </form>
  );
}

function pretty(values: Values): string {
  return JSON.stringify(values, null, 2);
}
