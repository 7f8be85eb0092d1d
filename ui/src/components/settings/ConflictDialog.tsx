import { Button, Group, Modal, Radio, Text } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '@/i18n';
import { isHiddenSecret, titleOf } from '@/lib/dialect';
import table from '../table.module.css';
import type { SettingsDraft } from './useSettingsDraft';

/** Two managers changed the same settings: one chooses field by field, nothing is overwritten unseen. */
export function ConflictDialog({ draft }: { draft: SettingsDraft }) {
  const { conflict } = draft;
  if (!conflict) return null;
  return <Open draft={draft} />;
}

function Open({ draft }: { draft: SettingsDraft }) {
  const { t, language } = useWords();
  const [mine, setMine] = useState<string[]>([]);
  const { theirs, names } = draft.conflict!;
  const base = draft.settings?.values ?? {};
  const say = (value: unknown) => {
    if (value === undefined || value === null || value === '') return <span className="dim">{t('form.nothing')}</span>;
    if (isHiddenSecret(value)) return <span className="dim">{t('form.secretSet')}</span>;
    return <span className="mono" style={{ overflowWrap: 'anywhere' }}>{typeof value === 'string' ? value : JSON.stringify(value)}</span>;
  };
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} size="xl" title={<Text fw={600}>{t('form.conflictTitle')}</Text>}>
      <Text size="sm" c="dimmed" mb="sm">
        {t('form.conflictText')}
      </Text>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">{t('form.before')}</th>
            <th scope="col">{t('form.theirs')}</th>
            <th scope="col">{t('form.mine')}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const schema = theirs.schema?.properties?.[name];
            const title = schema ? titleOf(schema, name, language) : name;
            const isMine = mine.includes(name);
            const isSecret = schema?.['x-secret'] ?? false;
            return (
              <tr key={name}>
                <th scope="row">{title}</th>
                <td>{say(base[name])}</td>
                <td>
                  <Radio name={`conflict-${name}`} aria-label={`${title}: ${t('form.theirs')}`} label={say(theirs.values[name])} checked={!isMine} onChange={() => setMine(mine.filter((n) => n !== name))} />
                </td>
                <td>
                  <Radio
                    name={`conflict-${name}`}
                    aria-label={`${title}: ${t('form.mine')}`}
                    label={isSecret && draft.values[name] ? '••••••' : say(draft.values[name])}
                    checked={isMine}
                    onChange={() => setMine([...mine, name])}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={() => void draft.resolve(null)}>
          {t('form.conflictDrop')}
        </Button>
        <Button onClick={() => void draft.resolve(mine)} data-autofocus>
          {t('form.conflictSave')}
        </Button>
      </Group>
    </Modal>
  );
}
