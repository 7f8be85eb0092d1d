import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { keys } from '@/api/keys';
import type { Pulse } from '@/api/live/shapes';
import { useStream } from '@/api/live/stream';

/** Follows the gateway: its pulse, and what changes its state. live: whether events arrive. */
export function useLive(): { pulse: Pulse | null; live: boolean } {
  const client = useQueryClient();
  const [pulse, setPulse] = useState<Pulse | null>(null);
  const first = useRef(true);
  const live = useStream(
    () => '/live',
    (name, data) => {
      if (name === 'pulse') setPulse(data as Pulse);
      if (name !== 'states') return;
      // What was there at the beginning is on the page already.
      if (!first.current) for (const queryKey of [keys.modules, keys.providers, keys.nodes, keys.overview]) void client.invalidateQueries({ queryKey });
      first.current = false;
    },
  );
  return { pulse: live ? pulse : null, live };
}
