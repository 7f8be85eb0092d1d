import { describe, expect, it } from 'vitest';
import { splitEvents } from './events';

describe('server-sent events', () => {
  it('are read in pieces', () => {
    const text = 'retry: 2000\n\nevent: pulse\ndata: {"a":1}\n\n:\n\nevent: states\ndata: {"b"';
    const { events, tail } = splitEvents(text);
    expect(events).toEqual([{ name: 'pulse', data: '{"a":1}' }]);
    expect(tail).toBe('event: states\ndata: {"b"');
    expect(splitEvents(`${tail}:2}\n\n`)).toEqual({ events: [{ name: 'states', data: '{"b":2}' }], tail: '' });
  });
  it('may have several lines, no name, and another end of line', () => {
    expect(splitEvents('data: a\r\ndata:b\r\n\r\n').events).toEqual([{ name: 'message', data: 'a\nb' }]);
    expect(splitEvents('').events).toEqual([]);
  });
});
