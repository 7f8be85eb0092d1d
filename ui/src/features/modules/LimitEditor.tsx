import { Button, Group, NumberInput, Popover, Select, Stack, Text, UnstyledButton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { setAction } from '@/api/modules/set-action';
import { useMay } from '@/api/session';
import type { Action } from '@/api/types';
import { Failure } from '@/components/Failure';
import { Locked } from '@/components/Locked';
import { toast } from '@/components/toasts';
import { useWords, type T } from '@/i18n';
import { parseLimit, writeLimit, type Limit } from './limit';

export function sayLimit(text: string, t: T): string {
  if (text === 'off') return t('modules.unlimited');
  const limit = parseLimit(text);
  if (!limit) return text;
  const words = t(`modules.per.${limit.per}`, { n: limit.count });
  return limit.burst === undefined ? words : `${words}, ${t('modules.burst', { n: limit.burst })}`;
}

/** How often each user may call an action. */
export function LimitEditor({ module, action }: { module: string; action: Action }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const may = useMay('manager');
  const [opened, open] = useState(false);
  const now = action.limit || action.default_limit;
  const [draft, setDraft] = useState<Limit>({ count: 10, per: 's' });
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: (limit: string) => setAction(module, action.name, { limit }),
    onSuccess: () => {
      open(false);
      toast({ tone: 'good', text: t('common.saved') });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.modules, exact: true }),
  });
  const locked = action.locked.includes('limit');
  const text = (
    <span className="num nowrap">
      {sayLimit(now, t)}
      {!action.limit && <span className="dim"> · {t('modules.default')}</span>}
    </span>
  );
  if (!may || locked) {
    return (
      <Group gap={6} wrap="nowrap">
        {text}
        {locked && <Locked lock={action} field="limit" />}
      </Group>
    );
  }
  const start = () => {
    reset();
    setDraft(parseLimit(now) ?? { count: 10, per: 's' });
    open(true);
  };
  return (
    <Popover opened={opened} onChange={open} trapFocus withArrow shadow="md" width={300} position="bottom-end">
      <Popover.Target>
        <UnstyledButton onClick={start} fz="inherit" aria-expanded={opened}>
          <Group gap={6} wrap="nowrap">
            <span className="vh">
              {t('modules.limit')}: {pick(action.title)},{' '}
            </span>
            {text}
            <IconPencil size={13} aria-hidden style={{ color: 'var(--pb-dim)' }} />
          </Group>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            mutate(writeLimit(draft));
          }}
        >
          <Stack gap="xs">
            <Text size="xs" c="dimmed">
              {t('modules.limitHelp')}
            </Text>
            <Group gap="xs" wrap="nowrap" align="end">
              <NumberInput label={t('modules.limitCount')} value={draft.count} onChange={(v) => setDraft({ ...draft, count: Number(v) || 1 })} min={1} max={1_000_000} allowDecimal={false} hideControls />
              <Select
                label={t('modules.limitPer')}
                data={(['s', 'm', 'h'] as const).map((per) => ({ value: per, label: t(`modules.unit.${per}`) }))}
                value={draft.per}
                onChange={(per) => per && setDraft({ ...draft, per: per as Limit['per'] })}
                allowDeselect={false}
                comboboxProps={{ withinPortal: false }}
              />
            </Group>
            <NumberInput
              label={t('modules.limitBurst')}
              description={t('modules.burstHelp')}
              placeholder={t('modules.burstSame', { n: draft.count })}
              value={draft.burst ?? ''}
              onChange={(v) => setDraft({ ...draft, burst: v === '' ? undefined : Number(v) })}
              min={1}
              max={1_000_000}
              allowDecimal={false}
              hideControls
            />
            {error && <Failure error={error} />}
            <Group justify="space-between" gap="xs">
              <Button variant="subtle" color="gray" size="xs" onClick={() => mutate('')} disabled={!action.limit || isPending}>
                {t('modules.toDefault', { value: sayLimit(action.default_limit, t) })}
              </Button>
              <Button type="submit" size="xs" loading={isPending}>
                {t('common.save')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
