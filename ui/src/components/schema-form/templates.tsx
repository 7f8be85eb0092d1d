import type { FieldTemplateProps, ObjectFieldTemplateProps, UiSchema } from '@rjsf/utils';
import { Locked } from '../Locked';
import { Tag } from '../Lamp';
import { useWords } from '@/i18n';
import { grouped, type Hints } from './convert';
import css from './SchemaForm.module.css';
import { hintsOf } from './widgets';

/** The label of a field, with what there is to know about it. asText: for groups of controls. */
export function Label({ id, hints, required, asText }: { id: string; hints?: Hints; required?: boolean; asText?: boolean }) {
  const { t } = useWords();
  const text = (
    <>
      {hints?.title}
      {required && (
        <span className={css.required} aria-hidden>
          {' '}
          *
        </span>
      )}
    </>
  );
  return (
    <div className={css.label}>
      {asText ? <span id={`${id}-label`}>{text}</span> : <label htmlFor={id}>{text}</label>}
      {hints?.lockedAt !== undefined && <Locked at={hints.lockedAt} />}
      {hints?.deprecated && <Tag tone="warn">{t('form.deprecated')}</Tag>}
    </div>
  );
}

export function FieldTemplate({ id, children, schema, uiSchema, required, rawErrors, hidden }: FieldTemplateProps) {
  if (hidden) return null;
  const hints = hintsOf((uiSchema as UiSchema | undefined)?.['ui:options']);
  const own = typeof uiSchema?.['ui:field'] === 'string';
  if (own || schema.type === 'object' || schema.oneOf || schema.type === 'array') return children;
  // A narrow control has room for its explanation beside it.
  const beside = schema.type === 'boolean' || ((schema.type === 'integer' || schema.type === 'number') && !schema.enum && (hints?.help.length ?? 0) < 40);
  return (
    <div className={`${css.field} ${beside ? css.beside : ''}`}>
      <Label id={id} hints={hints} required={required} />
      <div>{children}</div>
      <p className={css.help} id={`${id}-help`} hidden={!hints?.help}>
        {hints?.help}
      </p>
      {rawErrors && rawErrors.length > 0 && (
        <p className={css.error} id={`${id}-error`} role="alert">
          {rawErrors.join('; ')}
        </p>
      )}
    </div>
  );
}

/** The groups of the outermost object, and nested ones inside a line. */
export function ObjectFieldTemplate({ fieldPathId, properties, uiSchema, title }: ObjectFieldTemplateProps) {
  const { t } = useWords();
  const outermost = fieldPathId.path.length === 0;
  const content = new Map(properties.map((p) => [p.name, p.content]));
  const groups = grouped(
    properties.map((p) => p.name),
    (name) => hintsOf((uiSchema?.[name] as UiSchema | undefined)?.['ui:options']),
  );
  const show = (names: string[]) => names.map((name) => <div key={name}>{content.get(name)}</div>);
  const body = groups.map(({ group, plain, advanced }) => (
    <section key={group} className={css.group} aria-label={group ? groupName(group, t) : undefined}>
      {group && <h3 className={css.groupTitle}>{groupName(group, t)}</h3>}
      {show(plain)}
      {advanced.length > 0 && (
        <details className={css.advanced} open={plain.length === 0}>
          <summary>{t('form.advanced', { count: advanced.length })}</summary>
          {show(advanced)}
        </details>
      )}
    </section>
  ));
  if (outermost) return <>{body}</>;
  return (
    <div className={css.nested}>
      {title && <div className={css.label}>{title}</div>}
      {body}
    </div>
  );
}

const groupKeys = ['connection', 'request', 'authorization', 'answer', 'message', 'delivery', 'calls', 'records', 'balance', 'receipts', 'routing', 'destinations', 'limits', 'money', 'night', 'alarms', 'status'] as const;

/** The groups that plugins commonly use have names in both languages; others are shown as they are. */
function groupName(group: string, t: ReturnType<typeof useWords>['t']): string {
  const known = groupKeys.find((k) => k === group);
  return known ? t(`form.group.${known}`) : group;
}

export const templates = { FieldTemplate, ObjectFieldTemplate };
