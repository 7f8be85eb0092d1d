import { ActionIcon, NumberInput, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTrash } from '@tabler/icons-react';
import type { Rate } from '@/api/types';
import { rightsQuery } from '@/api/users/rights';
import { useWords } from '@/i18n';

interface Props {
  limits: Record<string, Rate>;
  onChange: (limits: Record<string, Rate>) => void;
  disabled: boolean;
}

/** How often the user may call single actions; a limit of the user's own replaces that of the action. */
export function ActionLimits({ limits, onChange, disabled }: Props) {
  const { t, pick } = useWords();
  const { data: modules } = useQuery(rightsQuery);
  const names = Object.keys(limits).sort();
  const title = (right: string) => {
    const a = modules?.flatMap((m) => m.actions).find((x) => x.right === right);
    return a ? pick(a.title) || a.name : right;
  };
  const set = (name: string, change: Partial<Rate>) => onChange({ ...limits, [name]: { per_second: 1, ...limits[name], ...change } });
  const remove = (name: string) => onChange(Object.fromEntries(Object.entries(limits).filter(([k]) => k !== name)));
  return (
    <div style={{ display: 'grid', gap: 8 }}>
      {names.map((name) => (
        <div key={name} style={{ display: 'flex', gap: 10, alignItems: 'end', flexWrap: 'wrap' }} data-limit={name}>
          <div style={{ width: 210, paddingBottom: 6 }}>
            <div>{title(name)}</div>
            <div className="mono dim" style={{ fontSize: 12 }}>{name}</div>
          </div>
          <NumberInput label={t('users.limitPerSecond')} value={limits[name]?.per_second ?? ''} onChange={(v) => set(name, { per_second: v === '' ? 0 : Number(v) })} min={0} disabled={disabled} hideControls w={110} />
          <NumberInput label={t('modules.limitBurst')} value={limits[name]?.burst || ''} onChange={(v) => set(name, { burst: v === '' ? undefined : Number(v) })} min={0} allowDecimal={false} disabled={disabled} hideControls w={110} />
          {!disabled && (
            <ActionIcon variant="subtle" color="gray" aria-label={`${t('form.remove')}: ${name}`} mb={4} onClick={() => remove(name)}>
              <IconTrash size={15} />
            </ActionIcon>
          )}
        </div>
      ))}
      {!disabled && (
        <Select
          size="xs"
          aria-label={t('users.limitAction')}
          placeholder={t('users.limitAction')}
          data={(modules ?? []).map((m) => ({ group: pick(m.title) || m.module, items: m.actions.filter((a) => !(a.right in limits)).map((a) => ({ value: a.right, label: pick(a.title) || a.name })) })).filter((g) => g.items.length > 0)}
          value={null}
          onChange={(right) => right && set(right, { per_second: 1 })}
          searchable
          w={260}
        />
      )}
    </div>
  );
}
