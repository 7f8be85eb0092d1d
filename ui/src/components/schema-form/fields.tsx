import { ActionIcon, Button, Checkbox, NumberInput, Select, Switch, TextInput, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { FieldProps, RJSFSchema, UiSchema } from '@rjsf/utils';
import { useState } from 'react';
import { useWords } from '@/i18n';
import { isObject, pointOf, type Values } from '@/lib/dialect';
import { InstanceName } from './InstanceName';
import { Label } from './templates';
import css from './SchemaForm.module.css';
import { hintsOf } from './widgets';
import { wordsOf } from './words';

/** Fields that are better than a tree of boxes: lists of texts, tables of rows, names with values. */

function useFieldFrame(p: FieldProps) {
  const hints = hintsOf((p.uiSchema as UiSchema | undefined)?.['ui:options']);
  return { hints, off: p.disabled || p.readonly, id: p.fieldPathId.$id };
}

function move<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

function RowTools({ index, count, off, onMove, onRemove }: { index: number; count: number; off?: boolean; onMove: (to: number) => void; onRemove: () => void }) {
  const { t } = useWords();
  if (off) return null;
  return (
    <span className="nowrap" style={{ paddingTop: 4 }}>
      <ActionIcon variant="subtle" color="gray" disabled={index === 0} aria-label={t('form.up')} onClick={() => onMove(index - 1)}>
        <IconArrowUp size={15} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" disabled={index === count - 1} aria-label={t('form.down')} onClick={() => onMove(index + 1)}>
        <IconArrowDown size={15} />
      </ActionIcon>
      <Tooltip label={t('form.remove')}>
        <ActionIcon variant="subtle" color="gray" aria-label={t('form.remove')} onClick={onRemove}>
          <IconTrash size={15} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}

function AddButton({ off, onClick, children }: { off?: boolean; onClick: () => void; children: string }) {
  if (off) return null;
  return (
    <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={onClick} mt={2}>
      {children}
    </Button>
  );
}

function errorsAt(p: FieldProps, ...path: (string | number)[]): string | undefined {
  let at: unknown = p.errorSchema;
  for (const part of path) at = isObject(at) ? at[part] : undefined;
  const list = isObject(at) ? (at.__errors as string[] | undefined) : undefined;
  return list?.join('; ');
}

/** An ordered list of texts. */
function ListField(p: FieldProps) {
  const { t } = useWords();
  const { hints, off, id } = useFieldFrame(p);
  const list = Array.isArray(p.formData) ? (p.formData as string[]) : [];
  const change = (next: string[]) => p.onChange(next.length === 0 ? undefined : next, p.fieldPathId.path);
  return (
    <div className={css.field} role="group" aria-labelledby={`${id}-label`}>
      <Label id={id} hints={hints} required={p.required} asText />
      <div>
        {list.map((item, i) => (
          <div className={css.item} key={i}>
            <Cell schema={{ ...(p.schema.items as RJSFSchema), type: 'string' }} label={`${hints?.title ?? ''} ${i + 1}`} value={item} off={off} error={errorsAt(p, i)} onChange={(next) => change(list.map((v, j) => (j === i ? String(next ?? '') : v)))} />
            <RowTools index={i} count={list.length} off={off} onMove={(to) => change(move(list, i, to))} onRemove={() => change(list.filter((_, j) => j !== i))} />
          </div>
        ))}
        {list.length === 0 && <div className="dim" style={{ paddingTop: 8, fontSize: 13.5 }}>{t('form.emptyList')}</div>}
        <AddButton off={off} onClick={() => change([...list, ''])}>
          {t('form.add')}
        </AddButton>
      </div>
      {hints?.help && <p className={css.help}>{hints.help}</p>}
      {errorsAt(p) && <p className={css.error}>{errorsAt(p)}</p>}
    </div>
  );
}

/** Some of a few values; their order says nothing. */
function SeveralField(p: FieldProps) {
  const { t } = useWords();
  const { hints, off, id } = useFieldFrame(p);
  const values = ((p.schema.items as RJSFSchema).enum ?? []) as unknown[];
  const say = wordsOf(values, t);
  const given = Array.isArray(p.formData) ? (p.formData as unknown[]) : ((hints?.fallback as unknown[] | undefined) ?? []);
  const set = (value: unknown, on: boolean) => p.onChange(values.filter((v) => (v === value ? on : given.includes(v))), p.fieldPathId.path);
  return (
    <div className={css.field} role="group" aria-labelledby={`${id}-label`}>
      <Label id={id} hints={hints} required={p.required} asText />
      <div className={css.several}>
        {values.map((v) => (
          <Checkbox key={String(v)} label={say(v)} checked={given.includes(v)} disabled={off} onChange={(e) => set(v, e.currentTarget.checked)} />
        ))}
      </div>
      {hints?.help && <p className={css.help}>{hints.help}</p>}
      {errorsAt(p) && <p className={css.error}>{errorsAt(p)}</p>}
    </div>
  );
}

/** A table: each row an object of a few plain values. */
function RowsField(p: FieldProps) {
  const { t } = useWords();
  const { hints, off, id } = useFieldFrame(p);
  const items = p.schema.items as RJSFSchema;
  const columns = Object.entries(items.properties ?? {}) as [string, RJSFSchema][];
  const list = Array.isArray(p.formData) ? (p.formData as Values[]) : [];
  const change = (next: Values[]) => p.onChange(next.length === 0 ? undefined : next, p.fieldPathId.path);
  const set = (row: number, name: string, value: unknown) => change(list.map((v, i) => (i === row ? { ...v, [name]: value } : v)));
  return (
    <div className={`${css.field} ${css.stacked}`} role="group" aria-labelledby={`${id}-label`}>
      <Label id={id} hints={hints} required={p.required} asText />
      {hints?.help && <p className={css.help}>{hints.help}</p>}
      {list.length > 0 && (
        <table className={css.rows}>
          <thead>
            <tr>
              {columns.map(([name, schema]) => (
                <th key={name} scope="col">
                  {schema.title ?? name}
                </th>
              ))}
              <th className={css.tools}>
                <span className="vh">{t('form.order')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((row, i) => (
              <tr key={i}>
                {columns.map(([name, schema]) => (
                  <td key={name}>
                    <Cell schema={schema} label={`${schema.title ?? name}, ${i + 1}`} value={row?.[name]} off={off} error={errorsAt(p, i, name)} onChange={(v) => set(i, name, v)} />
                  </td>
                ))}
                <td className={css.tools}>
                  <RowTools index={i} count={list.length} off={off} onMove={(to) => change(move(list, i, to))} onRemove={() => change(list.filter((_, j) => j !== i))} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div>
        <AddButton off={off} onClick={() => change([...list, {}])}>
          {t('form.addRow')}
        </AddButton>
      </div>
      {errorsAt(p) && <p className={css.error}>{errorsAt(p)}</p>}
    </div>
  );
}

function Cell({ schema, label, value, off, error, onChange }: { schema: RJSFSchema; label: string; value: unknown; off?: boolean; error?: string; onChange: (v: unknown) => void }) {
  const { t } = useWords();
  if (schema.type === 'boolean') return <Switch aria-label={label} checked={value === true} disabled={off} onChange={(e) => onChange(e.currentTarget.checked)} mt={8} />;
  if (schema.enum) {
    const values = schema.enum as unknown[];
    return <Select aria-label={label} data={values.map((v) => ({ value: String(v), label: wordsOf(values, t)(v) }))} value={value === undefined ? null : String(value)} disabled={off} error={error} onChange={(text) => onChange(values.find((v) => String(v) === text))} />;
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    return <NumberInput aria-label={label} value={typeof value === 'number' ? value : ''} disabled={off} error={error} hideControls allowDecimal={schema.type === 'number'} onChange={(v) => onChange(v === '' ? undefined : Number(v))} />;
  }
  const point = pointOf((schema as Record<string, unknown>)['x-choices']);
  if (point) return <InstanceName point={point} aria-label={label} value={typeof value === 'string' ? value : ''} disabled={off} error={error} onChange={(text) => onChange(text === '' ? undefined : text)} />;
  return <TextInput aria-label={label} value={typeof value === 'string' ? value : ''} disabled={off} error={error} onChange={(e) => onChange(e.currentTarget.value === '' ? undefined : e.currentTarget.value)} />;
}

/** Names with values: headers, form fields. A row without a name is not a value yet. */
function PairsField(p: FieldProps) {
  const { t } = useWords();
  const { hints, off, id } = useFieldFrame(p);
  const given = isObject(p.formData) ? p.formData : {};
  const [rows, setRows] = useState<[string, string][]>(() => Object.entries(given).map(([k, v]) => [k, String(v)]));
  // The values may be replaced from outside: after saving, by the raw view.
  const mine = Object.fromEntries(rows.filter(([k]) => k !== ''));
  const current = JSON.stringify(mine) === JSON.stringify(given) ? rows : (Object.entries(given).map(([k, v]) => [k, String(v)]) as [string, string][]);
  const change = (next: [string, string][]) => {
    setRows(next);
    const named = next.filter(([k]) => k !== '');
    p.onChange(named.length === 0 ? undefined : Object.fromEntries(named), p.fieldPathId.path);
  };
  const set = (i: number, k: string, v: string) => change(current.map((row, j) => (j === i ? [k, v] : row)));
  return (
    <div className={css.field} role="group" aria-labelledby={`${id}-label`}>
      <Label id={id} hints={hints} required={p.required} asText />
      <div>
        {current.map(([k, v], i) => (
          <div className={css.pair} key={i}>
            <TextInput aria-label={t('form.name')} placeholder={t('form.name')} value={k} disabled={off} error={current.some(([other], j) => j < i && other === k && k !== '') ? t('form.twice') : undefined} onChange={(e) => set(i, e.currentTarget.value, v)} />
            <TextInput aria-label={t('form.value')} placeholder={t('form.value')} value={v} disabled={off} error={errorsAt(p, k)} onChange={(e) => set(i, k, e.currentTarget.value)} />
            {!off && (
              <ActionIcon variant="subtle" color="gray" aria-label={t('form.remove')} mt={4} onClick={() => change(current.filter((_, j) => j !== i))}>
                <IconTrash size={15} />
              </ActionIcon>
            )}
          </div>
        ))}
        {current.length === 0 && <div className="dim" style={{ paddingTop: 8, fontSize: 13.5 }}>{t('form.emptyList')}</div>}
        <AddButton off={off} onClick={() => setRows([...current, ['', '']])}>
          {t('form.add')}
        </AddButton>
      </div>
      {hints?.help && <p className={css.help}>{hints.help}</p>}
      {errorsAt(p) && <p className={css.error}>{errorsAt(p)}</p>}
    </div>
  );
}

export const fields = { list: ListField, several: SeveralField, rows: RowsField, pairs: PairsField };
