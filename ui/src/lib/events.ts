/** One server-sent event. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** Splits what has arrived of a stream into whole events and the rest, which goes before what comes next. */
export function splitEvents(text: string): { events: ServerEvent[]; tail: string } {
  const blocks = text.split(/\r?\n\r?\n/);
  const tail = blocks.pop() ?? '';
  const events: ServerEvent[] = [];
  for (const block of blocks) {
    let name = 'message';
    const data: string[] = [];
    for (const line of block.split(/\r?\n/)) {
      const colon = line.indexOf(':');
      if (colon <= 0) continue; // a comment keeps the connection alive
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (line.startsWith('event:')) name = value;
      else if (line.startsWith('data:')) data.push(value);
    }
    if (data.length > 0) events.push({ name, data: data.join('\n') });
  }
  return { events, tail };
}
