import { IconChartBar, IconHeadset, IconMessage2, IconPuzzle, IconTable, type Icon } from '@tabler/icons-react';

const signs: Record<string, Icon> = { contact: IconHeadset, sms: IconMessage2, onlinestat: IconChartBar, report: IconTable };

/** The picture of a module; one that nobody has drawn yet is a piece of a puzzle. */
export function Sign({ module, size = 21 }: { module: string; size?: number }) {
  const Picture = signs[module] ?? IconPuzzle;
  return <Picture size={size} stroke={1.5} aria-hidden />;
}
