import { branch, discriminator, isHiddenSecret, isObject, type Schema } from './dialect';

/**
 * Checks values against the dialect before they are sent. The gateway checks them
 * again and has the last word; no code is generated, as the page's policy forbids it.
 */
export interface Mistake {
  /** Names and indexes from the root. */
  path: (string | number)[];
  kind: 'missing' | 'type' | 'enum' | 'min' | 'max' | 'shortest' | 'longest' | 'fewest' | 'most' | 'pattern' | 'format' | 'unknown';
  /** The bound, format or expression that is not met. */
  want: string | number;
}

export function validate(schema: Schema, value: unknown, path: (string | number)[] = []): Mistake[] {
  const mistake = (kind: Mistake['kind'], want: string | number = ''): Mistake[] => [{ path, kind, want }];
  if (schema['x-secret'] && isHiddenSecret(value)) return [];
  if (schema.oneOf) {
    const one = branch(schema, value);
    if (one) return validateObject(one, value, path);
    return [{ path: [...path, discriminator(schema) ?? ''], kind: 'missing', want: '' }];
  }
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? validateString(schema, value, mistake) : mistake('type', 'string');
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return mistake('type', schema.type);
      if (schema.type === 'integer' && !Number.isInteger(value)) return mistake('type', 'integer');
      if (schema.minimum !== undefined && value < schema.minimum) return mistake('min', schema.minimum);
      if (schema.maximum !== undefined && value > schema.maximum) return mistake('max', schema.maximum);
      break;
    case 'boolean':
      if (typeof value !== 'boolean') return mistake('type', 'boolean');
      break;
    case 'array':
      if (!Array.isArray(value)) return mistake('type', 'array');
      if (schema.minItems !== undefined && value.length < schema.minItems) return mistake('fewest', schema.minItems);
      if (schema.maxItems !== undefined && value.length > schema.maxItems) return mistake('most', schema.maxItems);
      return schema.items ? value.flatMap((item, i) => validate(schema.items!, item, [...path, i])) : [];
    case 'object':
      return validateObject(schema, value, path);
  }
  if (schema.const !== undefined && value !== schema.const) return mistake('enum');
  if (schema.enum && !schema.enum.includes(value)) return mistake('enum');
  return [];
}

function validateObject(schema: Schema, value: unknown, path: (string | number)[]): Mistake[] {
  if (!isObject(value)) return [{ path, kind: 'type', want: 'object' }];
  const found: Mistake[] = [];
  const properties = schema.properties ?? {};
  for (const [name, property] of Object.entries(properties)) {
    const given = value[name];
    const required = schema.required?.includes(name) ?? false;
    const blank = typeof given === 'string' && given.trim() === '';
    if (given === undefined || given === null || (blank && given === '' && !required)) {
      if (required && property.default === undefined) found.push({ path: [...path, name], kind: 'missing', want: '' });
    } else if (required && blank) {
      found.push({ path: [...path, name], kind: 'missing', want: '' });
    } else {
      found.push(...validate(property, given, [...path, name]));
    }
  }
  for (const [name, given] of Object.entries(value)) {
    if (name in properties || given === undefined || given === null) continue;
    if (schema.additionalProperties === false) found.push({ path: [...path, name], kind: 'unknown', want: '' });
    else if (isObject(schema.additionalProperties)) found.push(...validate(schema.additionalProperties as Schema, given, [...path, name]));
  }
  return found;
}

function validateString(schema: Schema, value: string, mistake: (kind: Mistake['kind'], want?: string | number) => Mistake[]): Mistake[] {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) return mistake('shortest', schema.minLength);
  if (schema.maxLength !== undefined && length > schema.maxLength) return mistake('longest', schema.maxLength);
  if (schema.pattern !== undefined && matches(schema.pattern, value) === false) return mistake('pattern', schema.pattern);
  if (schema.format !== undefined && formats[schema.format]?.(value) === false) return mistake('format', schema.format);
  if (schema.const !== undefined && value !== schema.const) return mistake('enum');
  if (schema.enum && !schema.enum.includes(value)) return mistake('enum');
  return [];
}

/** undefined for an RE2 expression that JavaScript does not know: the gateway decides. */
function matches(pattern: string, value: string): boolean | undefined {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return undefined;
  }
}

const formats: Record<string, (text: string) => boolean> = {
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  phone: (text) => /^[ ().-]*\+?[0-9 ().-]+$/.test(text) && between(text.replace(/\D/g, '').length, 3, 20),
  dial: (text) => /^[0-9+*# ().-]+$/.test(text) && between(text.replace(/[ ().-]/g, '').length, 1, 32),
  'date-or-time': (text) => /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T'))),
  'time-zone': (text) => /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z][A-Za-z0-9_+-]*)*$/.test(text) && text.length <= 64,
  uri: (text) => {
    if (/\s/.test(text) || !/^https?:\/\/[^/]/i.test(text)) return false;
    try {
      const url = new URL(text);
      return url.username === '' && url.password === '';
    } catch {
      return false;
    }
  },
  host: (text) => /^(\[[0-9a-f:.]+\]|[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*)(:\d{1,5})?$/i.test(text),
  duration: (text) => /^(0|\+?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*)$/.test(text),
};

function between(n: number, low: number, high: number): boolean {
  return n >= low && n <= high;
}
