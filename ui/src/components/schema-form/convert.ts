import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { descriptionOf, isObject, ordered, shown, titleOf, type Schema, type Values } from '@/lib/dialect';

/** What the form's widgets and templates need to know of a schema. */
export interface Hints {
  title: string;
  help: string;
  group: string;
  advanced: boolean;
  unit: string;
  placeholder: string;
  /** The value that holds when nothing is given. */
  fallback: unknown;
  secret: boolean;
  deprecated: boolean;
  /** Where the values to offer come from; see x-choices. */
  choices?: string;
  /** Where the configuration file sets the value; undefined when it does not. */
  lockedAt?: string;
}

export interface Converted {
  schema: RJSFSchema;
  ui: UiSchema;
}

interface Options {
  language: string;
  /** Only of the outermost object: the fields that the configuration file sets, and where. */
  lockedAt?: Record<string, string>;
}

/**
 * Turns the dialect into what rjsf takes. Properties that depend on others are
 * there only while they apply; their values stay. Defaults are shown and not
 * filled in, so that nothing is stored that nobody decided.
 */
export function convert(schema: Schema, values: unknown, name: string, { language, lockedAt }: Options): Converted {
  const hints: Hints = {
    title: titleOf(schema, name, language),
    help: descriptionOf(schema, language),
    group: schema['x-group'] ?? '',
    advanced: schema['x-advanced'] ?? false,
    unit: schema['x-unit'] ?? '',
    placeholder: schema['x-placeholder'] ?? (schema.examples?.[0] === undefined ? '' : String(schema.examples[0])),
    fallback: schema.default,
    secret: schema['x-secret'] ?? false,
    deprecated: schema.deprecated ?? false,
    choices: schema['x-choices'],
  };
  const ui: UiSchema = { 'ui:options': { hints: hints as never } };
  const out: RJSFSchema = { title: hints.title };
  if (schema.type) out.type = schema.type;
  if (schema['x-choices']) (out as Record<string, unknown>)['x-choices'] = schema['x-choices'];
  for (const key of ['enum', 'const', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'required'] as const) {
    if (schema[key] !== undefined) (out as Record<string, unknown>)[key] = schema[key];
  }
  if (schema.oneOf) return convertOneOf(schema, values, out, ui, language);
  switch (schema.type) {
    case 'object':
      convertObject(schema, isObject(values) ? values : {}, out, ui, { language, lockedAt });
      break;
    case 'array':
      convertArray(schema, values, name, out, ui, language);
      break;
    case 'boolean':
      ui['ui:widget'] = 'toggle';
      break;
    case 'integer':
    case 'number':
      ui['ui:widget'] = schema.enum ? 'choice' : 'amount';
      break;
    default:
      ui['ui:widget'] = schema['x-secret'] ? 'secret' : schema.enum ? 'choice' : schema['x-multiline'] ? 'lines' : 'line';
  }
  return { schema: out, ui };
}

function convertObject(schema: Schema, values: Values, out: RJSFSchema, ui: UiSchema, options: Options) {
  const properties = schema.properties ?? {};
  const names = ordered(properties);
  if (names.length === 0 && isObject(schema.additionalProperties)) {
    ui['ui:field'] = 'pairs';
    return;
  }
  out.properties = {};
  // Required marks stay on; whether the values are good is not rjsf's business.
  out.additionalProperties = true;
  for (const name of names) {
    const property = properties[name]!;
    if (!shown(property, values, properties)) continue;
    const child = convert(property, values[name], name, { language: options.language });
    const at = options.lockedAt?.[name];
    if (at !== undefined) {
      ((child.ui['ui:options'] as { hints: unknown }).hints as Hints).lockedAt = at;
      child.ui['ui:disabled'] = true;
    }
    out.properties[name] = child.schema;
    ui[name] = child.ui;
  }
  out.additionalProperties = false;
}

function convertArray(schema: Schema, values: unknown, name: string, out: RJSFSchema, ui: UiSchema, language: string) {
  const items = schema.items ?? { type: 'string' };
  const first = Array.isArray(values) ? values[0] : undefined;
  const child = convert(items, first, name, { language });
  out.items = child.schema;
  ui.items = child.ui;
  if (items.enum) ui['ui:field'] = 'several';
  else if (items.type === 'string' && !items['x-secret'] && !items['x-multiline']) ui['ui:field'] = 'list';
  else if (isFlat(items)) ui['ui:field'] = 'rows';
}

/** Objects of a few plain values: rows of a table. */
function isFlat(schema: Schema): boolean {
  if (schema.type !== 'object' || schema.oneOf) return false;
  const properties = Object.values(schema.properties ?? {});
  return (
    properties.length > 0 &&
    properties.length <= 5 &&
    properties.every((p) => !p.oneOf && !p['x-secret'] && !p['x-multiline'] && !p['x-depends'] && p.type !== 'object' && p.type !== 'array')
  );
}

function convertOneOf(schema: Schema, values: unknown, out: RJSFSchema, ui: UiSchema, language: string): Converted {
  const branches = (schema.oneOf ?? []).map((one) => convert(one, values, titleOf(one, '', language), { language }));
  delete out.type;
  out.oneOf = branches.map((b) => b.schema);
  ui.oneOf = branches.map((b) => b.ui);
  return { schema: out, ui };
}

/** The properties in their groups; those for experts apart. Groups come in the order of their first property. */
export function grouped(names: string[], hintsOf: (name: string) => Hints | undefined): { group: string; plain: string[]; advanced: string[] }[] {
  const groups = new Map<string, { group: string; plain: string[]; advanced: string[] }>();
  for (const name of names) {
    const hints = hintsOf(name);
    const key = hints?.group ?? '';
    const entry = groups.get(key) ?? { group: key, plain: [], advanced: [] };
    groups.set(key, entry);
    (hints?.advanced ? entry.advanced : entry.plain).push(name);
  }
  return [...groups.values()];
}
