/**
 * The one schema dialect of plugins: a subset of JSON Schema 2020-12 with hints
 * for forms. sdk-plugin/abi/ABI.md describes it.
 */
export interface Schema {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  title?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  deprecated?: boolean;
  enum?: unknown[];
  const?: unknown;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  oneOf?: Schema[];
  'x-title-ru'?: string;
  'x-description-ru'?: string;
  'x-secret'?: boolean;
  'x-multiline'?: boolean;
  'x-advanced'?: boolean;
  'x-unit'?: string;
  'x-group'?: string;
  'x-order'?: number;
  'x-since'?: string;
  'x-placeholder'?: string;
  'x-depends'?: string;
  'x-personal'?: string;
  'x-choices'?: string;
}

export type Values = Record<string, unknown>;

export function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands for a secret that has a value; the value itself never leaves the gateway. */
export function isHiddenSecret(value: unknown): boolean {
  return isObject(value) && value.set === true && Object.keys(value).length === 1;
}

export function titleOf(schema: Schema, name: string, language: string): string {
  if (language === 'ru' && schema['x-title-ru']) return schema['x-title-ru'];
  return schema.title ?? name;
}

export function descriptionOf(schema: Schema, language: string): string {
  if (language === 'ru' && schema['x-description-ru']) return schema['x-description-ru'];
  return schema.description ?? '';
}

/** The property whose const tells the branches of a oneOf apart. */
export function discriminator(schema: Schema): string | undefined {
  const first = schema.oneOf?.[0];
  return Object.keys(first?.properties ?? {}).find((name) => first?.properties?.[name]?.const !== undefined);
}

/** The schema of an object's properties: of a oneOf the branch that the values name. */
export function branch(schema: Schema, values: unknown): Schema | undefined {
  if (!schema.oneOf) return schema;
  const name = discriminator(schema);
  if (!name || !isObject(values)) return undefined;
  return schema.oneOf.find((one) => one.properties?.[name]?.const === values[name]);
}

/**
 * Whether a property is shown beside the others: "property" wants any value,
 * "property=a|b" one of these. A default counts as the value.
 */
export function shown(schema: Schema, values: Values, siblings: Record<string, Schema>): boolean {
  const depends = schema['x-depends'];
  if (!depends) return true;
  const [name = '', wanted] = depends.split('=', 2);
  const other = siblings[name];
  if (other && !shown(other, values, siblings)) return false;
  const value = values[name] ?? other?.default;
  if (wanted === undefined) return value !== undefined && value !== null && value !== '' && value !== false;
  return wanted.split('|').includes(String(value));
}

/** Names of the properties in the order of the form. */
export function ordered(properties: Record<string, Schema>): string[] {
  const order = (name: string) => properties[name]?.['x-order'] ?? Number.MAX_SAFE_INTEGER;
  return Object.keys(properties).sort((a, b) => order(a) - order(b));
}

/** The values without those that say nothing: undefined, null and, for optional strings, "". */
export function tidy(schema: Schema | undefined, values: Values): Values {
  const out: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const property = schema?.properties?.[name] ?? (isObject(schema?.additionalProperties) ? (schema.additionalProperties as Schema) : undefined);
    if (value === undefined || value === null) continue;
    if (value === '' && property && !property['x-secret'] && !schema?.required?.includes(name) && property.type === 'string' && !property.default) continue;
    out[name] = isObject(value) && !isHiddenSecret(value) ? tidy(property && branch(property, value), value) : value;
  }
  return out;
}

/** The extension point of x-choices "provider:<point>"; undefined for other choices. */
export function pointOf(choices: unknown): string | undefined {
  return typeof choices === 'string' && choices.startsWith('provider:') ? choices.slice('provider:'.length) : undefined;
}
