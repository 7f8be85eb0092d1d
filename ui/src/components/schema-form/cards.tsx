import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps, UiSchema } from '@rjsf/utils';
import { useWords } from '@/i18n';
import { Label } from './templates';
import css from './SchemaForm.module.css';
import { hintsOf } from './widgets';

/** A list of things with several fields each: a card for each, in an order that counts. */
export function ArrayFieldTemplate({ items, canAdd, onAddClick, disabled, readonly, uiSchema, fieldPathId, required, rawErrors }: ArrayFieldTemplateProps) {
  const { t } = useWords();
  const id = fieldPathId.$id;
  const hints = hintsOf((uiSchema as UiSchema | undefined)?.['ui:options']);
  return (
    <div className={`${css.field} ${css.stacked}`} role="group" aria-labelledby={`${id}-label`}>
      <Label id={id} hints={hints} required={required} asText />
      {hints?.help && <p className={css.help}>{hints.help}</p>}
      {items}
      {canAdd && !disabled && !readonly && (
        <div>
          <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={onAddClick}>
            {t('form.add')}
          </Button>
        </div>
      )}
      {rawErrors && rawErrors.length > 0 && <p className={css.error} role="alert">{rawErrors.join('; ')}</p>}
    </div>
  );
}

export function ArrayFieldItemTemplate({ children, buttonsProps: b, index, totalItems, disabled, readonly }: ArrayFieldItemTemplateProps) {
  const { t } = useWords();
  return (
    <section className={css.card} aria-label={t('form.item', { n: index + 1, count: totalItems })}>
      <div className={css.cardHead}>
        <span className="grow dim">{t('form.item', { n: index + 1, count: totalItems })}</span>
        {!disabled && !readonly && (
          <>
            <ActionIcon variant="subtle" color="gray" disabled={!b.hasMoveUp || index === 0} aria-label={t('form.up')} onClick={b.onMoveUpItem}>
              <IconArrowUp size={15} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="gray" disabled={!b.hasMoveDown || index === totalItems - 1} aria-label={t('form.down')} onClick={b.onMoveDownItem}>
              <IconArrowDown size={15} />
            </ActionIcon>
            <Tooltip label={t('form.remove')}>
              <ActionIcon variant="subtle" color="gray" aria-label={t('form.remove')} onClick={b.onRemoveItem}>
                <IconTrash size={15} />
              </ActionIcon>
            </Tooltip>
          </>
        )}
      </div>
      {children}
    </section>
  );
}
