import type { Node } from '@/api/types';
import { Lamp, type Tone } from '@/components/Lamp';
import { useWords } from '@/i18n';

const tones: Record<string, Tone> = { up: 'good', down: 'bad', connecting: 'busy' };

export function NodeLamp({ node: n }: { node: Pick<Node, 'state'> }) {
  const { t } = useWords();
  return <Lamp tone={tones[n.state] ?? 'warn'}>{t(n.state === 'up' ? 'state.gateUp' : n.state === 'down' ? 'state.gateDown' : 'state.gateConnecting')}</Lamp>;
}
