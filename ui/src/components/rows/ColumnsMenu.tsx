import { ActionIcon, Button, Checkbox, Popover, Tooltip } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import { useWords } from '@/i18n';

interface Props {
  columns: readonly { id: string; title: string }[];
  hidden: readonly string[];
  /** null: as it was at first. */
  onChange: (hidden: string[] | null) => void;
}

/** Which columns a table shows. */
export function ColumnsMenu({ columns, hidden, onChange }: Props) {
  const { t } = useWords();
  const shown = columns.filter((c) => !hidden.includes(c.id)).length;
  return (
    <Popover position="bottom-end" shadow="md" width={300} trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={t('rows.columns')}>
          <ActionIcon variant="default" size={36} aria-label={t('rows.columns')}>
            <IconColumns3 size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <fieldset style={{ border: 0, margin: 0, padding: 0, display: 'grid', gap: 9, maxHeight: '60vh', overflow: 'auto' }} aria-label={t('rows.columns')}>
          {columns.map((c) => {
            const on = !hidden.includes(c.id);
            return (
              <Checkbox
                key={c.id}
                size="sm"
                label={c.title}
                checked={on}
                disabled={on && shown === 1}
                onChange={() => onChange(on ? [...hidden, c.id] : hidden.filter((h) => h !== c.id))}
              />
            );
          })}
        </fieldset>
        <Button size="compact-sm" variant="subtle" mt="sm" onClick={() => onChange(null)}>
          {t('rows.standard')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
