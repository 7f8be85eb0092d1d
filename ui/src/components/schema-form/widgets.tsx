import { Button, NumberInput, PasswordInput, Select, Switch, TextInput, Textarea } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import type { WidgetProps } from '@rjsf/utils';
import { useState } from 'react';
import { useWords } from '@/i18n';
import { isHiddenSecret, pointOf } from '@/lib/dialect';
import type { Hints } from './convert';
import { InstanceName } from './InstanceName';
import css from './SchemaForm.module.css';
import { wordsOf } from './words';

/** The controls of the form, without their labels: the template of the field has those. */

export function hintsOf(options: unknown): Hints | undefined {
  return (options as { hints?: Hints } | undefined)?.hints;
}

function describedBy({ id, rawErrors }: WidgetProps): string {
  return rawErrors?.length ? `${id}-help ${id}-error` : `${id}-help`;
}

function usePlaceholder(options: unknown, say: (value: unknown) => string = String): string | undefined {
  const { t } = useWords();
  const hints = hintsOf(options);
  if (hints?.fallback !== undefined && hints.fallback !== '') return t('form.fallback', { value: say(hints.fallback) });
  return hints?.placeholder || undefined;
}

const wrong = (p: WidgetProps) => (p.rawErrors?.length ? true : undefined);
const unit = (options: unknown) => {
  const text = hintsOf(options)?.unit;
  return text ? { rightSection: <span className="dim" style={{ fontSize: 12.5 }}>{text}</span>, rightSectionWidth: 18 + text.length * 8, rightSectionPointerEvents: 'none' as const } : {};
};

function Line(p: WidgetProps) {
  const placeholder = usePlaceholder(p.options);
  const point = pointOf(hintsOf(p.options)?.choices);
  if (point) {
    return (
      <InstanceName
        point={point}
        id={p.id}
        value={typeof p.value === 'string' ? p.value : ''}
        onChange={(text) => p.onChange(text === '' ? undefined : text)}
        disabled={p.disabled || p.readonly}
        error={wrong(p)}
        aria-describedby={describedBy(p)}
        aria-required={p.required}
        maw={300}
      />
    );
  }
  return (
    <TextInput
      id={p.id}
      value={typeof p.value === 'string' ? p.value : ''}
      onChange={(e) => p.onChange(e.currentTarget.value === '' ? undefined : e.currentTarget.value)}
      disabled={p.disabled || p.readonly}
      placeholder={placeholder}
      error={wrong(p)}
      aria-describedby={describedBy(p)}
      aria-required={p.required}
      spellCheck={false}
      autoComplete="off"
      {...unit(p.options)}
    />
  );
}

function Lines(p: WidgetProps) {
  const placeholder = usePlaceholder(p.options);
  return (
    <Textarea
      id={p.id}
      value={typeof p.value === 'string' ? p.value : ''}
      onChange={(e) => p.onChange(e.currentTarget.value === '' ? undefined : e.currentTarget.value)}
      disabled={p.disabled || p.readonly}
      placeholder={placeholder}
      error={wrong(p)}
      aria-describedby={describedBy(p)}
      aria-required={p.required}
      spellCheck={false}
      autosize
      minRows={3}
      maxRows={16}
      classNames={{ input: 'mono' }}
    />
  );
}

function Amount(p: WidgetProps) {
  const placeholder = usePlaceholder(p.options);
  return (
    <NumberInput
      id={p.id}
      value={typeof p.value === 'number' ? p.value : ''}
      onChange={(v) => p.onChange(v === '' ? undefined : typeof v === 'number' ? v : Number(v))}
      disabled={p.disabled || p.readonly}
      placeholder={placeholder}
      allowDecimal={p.schema.type === 'number'}
      error={wrong(p)}
      aria-describedby={describedBy(p)}
      aria-required={p.required}
      maw={240}
      hideControls
      {...unit(p.options)}
    />
  );
}

function Choice(p: WidgetProps) {
  const { t } = useWords();
  const values = p.schema.enum ?? [];
  const say = wordsOf(values, t);
  const placeholder = usePlaceholder(p.options, say);
  return (
    <Select
      id={p.id}
      data={values.map((v) => ({ value: String(v), label: say(v) }))}
      value={p.value === undefined || p.value === null ? null : String(p.value)}
      onChange={(text) => p.onChange(values.find((v) => String(v) === text))}
      disabled={p.disabled || p.readonly}
      placeholder={placeholder ?? t('form.choose')}
      error={wrong(p)}
      aria-describedby={describedBy(p)}
      aria-required={p.required}
      clearable={!p.required}
      clearButtonProps={{ 'aria-label': t('common.clear') }}
      maw={340}
    />
  );
}

function Toggle(p: WidgetProps) {
  const fallback = hintsOf(p.options)?.fallback;
  return (
    <Switch
      id={p.id}
      checked={typeof p.value === 'boolean' ? p.value : fallback === true}
      onChange={(e) => p.onChange(e.currentTarget.checked)}
      disabled={p.disabled || p.readonly}
      aria-describedby={describedBy(p)}
      mt={8}
    />
  );
}

/** A secret goes in and never comes out: it is there or not, may be replaced or removed. */
function Secret(p: WidgetProps) {
  const { t } = useWords();
  const [stored] = useState(() => (isHiddenSecret(p.value) ? p.value : undefined));
  const kept = isHiddenSecret(p.value);
  const placeholder = usePlaceholder(p.options);
  if (kept) {
    return (
      <div className={css.secret}>
        <IconKey size={15} aria-hidden style={{ color: 'var(--pb-good)' }} />
        <span>{t('form.secretSet')}</span>
        {!p.disabled && !p.readonly && (
          <>
            <Button id={p.id} size="compact-sm" variant="light" onClick={() => p.onChange('')}>
              {t('form.secretReplace')}
            </Button>
          </>
        )}
      </div>
    );
  }
  return (
    <div style={{ display: 'flex', gap: 8, alignItems: 'start' }}>
      <PasswordInput
        id={p.id}
        value={typeof p.value === 'string' ? p.value : ''}
        onChange={(e) => p.onChange(e.currentTarget.value)}
        disabled={p.disabled || p.readonly}
        placeholder={stored ? t('form.secretRemoved') : placeholder}
        error={wrong(p)}
        aria-describedby={describedBy(p)}
        aria-required={p.required}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.show'), tabIndex: 0 }}
        style={{ flex: 1 }}
      />
      {stored !== undefined && (
        <Button variant="default" onClick={() => p.onChange(stored)}>
          {t('form.secretKeep')}
        </Button>
      )}
    </div>
  );
}

export const widgets = { line: Line, lines: Lines, amount: Amount, choice: Choice, toggle: Toggle, secret: Secret };
