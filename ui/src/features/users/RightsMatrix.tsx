import { Button, Checkbox, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { usersQuery } from '@/api/users/list';
import { presetsQuery } from '@/api/users/presets';
import { rightsQuery } from '@/api/users/rights';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { useWords } from '@/i18n';
import { equal } from '@/lib/diff';
import { allows, coverage, setModule, setRight } from '@/lib/rights';
import css from './RightsMatrix.module.css';

const sorted = (list: string[]) => [...list].sort();

interface Props {
  rights: string[];
  onChange: (rights: string[]) => void;
  disabled?: boolean;
}

/** What a user may call: modules by actions. A whole module includes what it gets later. */
export function RightsMatrix({ rights, onChange, disabled }: Props) {
  const { t, pick } = useWords();
  const { data: modules, error, refetch } = useQuery(rightsQuery);
  const users = useQuery(usersQuery);
  const presets = useQuery(presetsQuery);
  if (error && !modules) return <Failure error={error} retry={() => void refetch()} />;
  if (!modules) return <Loading lines={6} />;
  const known = new Set(modules.flatMap((m) => [m.right, ...m.actions.map((a) => a.right)]));
  const others = rights.filter((r) => r !== '*' && !known.has(r));
  const templates = (users.data ?? []).filter((u) => u.rights.length > 0 && u.status !== 0);
  return (
    <div>
      {!disabled && (
        <div className={css.presets}>
          <span className="dim">{t('users.presets')}</span>
          {presets.data?.map((p) => (
            <Button key={p.id} size="compact-sm" variant={equal(sorted(rights), sorted(p.rights)) ? 'filled' : 'default'} onClick={() => onChange(p.rights)}>
              {p.id.startsWith('module.') ? t('users.presetOnly', { title: pick(p.title) }) : pick(p.title)}
            </Button>
          ))}
          <Button size="compact-sm" variant={rights.length === 0 ? 'filled' : 'default'} onClick={() => onChange([])}>
            {t('users.presetNone')}
          </Button>
          {templates.length > 0 && (
            <Select
              size="xs"
              aria-label={t('users.presetLike')}
              placeholder={t('users.presetLike')}
              data={templates.map((u) => u.login)}
              value={null}
              onChange={(login) => {
                const like = templates.find((u) => u.login === login);
                if (like) onChange(like.rights);
              }}
              searchable
              w={190}
            />
          )}
        </div>
      )}
      <table className={css.matrix}>
        <caption className="vh">{t('users.rights')}</caption>
        <tbody>
          {modules.map((m) => {
            const now = coverage(rights, m);
            return (
              <tr key={m.module}>
                <th scope="row">
                  <Checkbox
                    label={pick(m.title) || m.module}
                    checked={now === 'all'}
                    indeterminate={now === 'some'}
                    disabled={disabled}
                    onChange={(e) => onChange(setModule(rights, modules, m, e.currentTarget.checked))}
                  />
                  {now === 'all' && <div className={css.future}>{t('users.future')}</div>}
                </th>
                <td>
                  <div className={css.actions}>
                    {m.actions.map((a) => (
                      <Checkbox
                        key={a.right}
                        label={pick(a.title) || a.name}
                        description={<span className="mono">{a.right}</span>}
                        checked={allows(rights, a.right)}
                        disabled={disabled}
                        onChange={(e) => onChange(setRight(rights, modules, a.right, e.currentTarget.checked))}
                      />
                    ))}
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {others.length > 0 && (
        <p className={css.other}>
          {t('users.rightsOther')} <span className="mono">{others.join(', ')}</span>
        </p>
      )}
    </div>
  );
}
