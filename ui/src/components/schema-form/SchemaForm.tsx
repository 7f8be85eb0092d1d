import { withTheme } from '@rjsf/core';
import { Theme } from '@rjsf/mantine';
import type { ErrorSchema, FieldProps, RJSFSchema, ValidatorType } from '@rjsf/utils';
import { useMemo } from 'react';
import { useWords } from '@/i18n';
import type { Schema, Values } from '@/lib/dialect';
import { validate } from '@/lib/validate';
import { convert } from './convert';
import { ArrayFieldItemTemplate, ArrayFieldTemplate } from './cards';
import { fields } from './fields';
import { templates } from './templates';
import { widgets } from './widgets';

/** A number as it is: rjsf's own field hands the widget a text with the comma of the browser's language, which is no number. */
function NumberField(p: FieldProps<Values, RJSFSchema>) {
  const { StringField } = p.registry.fields;
  return StringField ? <StringField {...p} /> : null;
}

const Form = withTheme<Values, RJSFSchema>({ ...Theme, templates: { ...Theme.templates, ...templates, ArrayFieldTemplate, ArrayFieldItemTemplate }, widgets: { ...Theme.widgets, ...widgets }, fields: { ...fields, NumberField } });

/** rjsf only asks which branch of a oneOf fits; mistakes are found by our own rules and handed in. */
const validator: ValidatorType<Values, RJSFSchema> = {
  isValid: (schema, data) => validate(schema as Schema, data).length === 0,
  rawValidation: () => ({ errors: [] }),
  validateFormData: () => ({ errors: [], errorSchema: {} }),
};

const behaviour = { emptyObjectFields: 'skipDefaults', arrayMinItems: { populate: 'never' } } as const;

interface Props {
  schema: Schema;
  values: Values;
  onChange: (values: Values) => void;
  errors?: ErrorSchema;
  /** The fields that the configuration file sets, and where. */
  lockedAt?: Record<string, string>;
  disabled?: boolean;
  idPrefix: string;
}

/** A form from the schema of a plugin's settings. */
export function SchemaForm({ schema, values, onChange, errors, lockedAt, disabled, idPrefix }: Props) {
  const { language } = useWords();
  const form = useMemo(() => convert(schema, values, '', { language, lockedAt }), [schema, values, language, lockedAt]);
  return (
    <Form
      tagName="div"
      idPrefix={idPrefix}
      schema={form.schema}
      uiSchema={form.ui}
      formData={values}
      validator={validator}
      noValidate
      noHtml5Validate
      showErrorList={false}
      extraErrors={errors as ErrorSchema<Values> | undefined}
      experimental_defaultFormStateBehavior={behaviour}
      disabled={disabled}
      onChange={({ formData }) => onChange(formData ?? {})}
    >
      <></>
    </Form>
  );
}
