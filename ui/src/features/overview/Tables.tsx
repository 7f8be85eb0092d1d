import { Link } from '@tanstack/react-router';
import type { Node, Provider } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Lamp, type Tone } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { StateLamp } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import { formatCount } from '@/lib/format';

const nodeTones: Record<string, Tone> = { up: 'good', down: 'bad', connecting: 'busy' };

export function Connections({ nodes, providers }: { nodes: Node[] | undefined; providers: Provider[] | undefined }) {
  const { t, pick, language } = useWords();
  if (!nodes || !providers) return <div style={{ padding: 16 }}><Loading lines={4} /></div>;
  if (nodes.length + providers.length === 0) return <Empty title={t('providers.empty')} text={t('providers.emptyText')} />;
  const say = (state: string) => t(state === 'up' ? 'state.gateUp' : state === 'down' ? 'state.gateDown' : 'state.gateConnecting');
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('overview.connection')}</th>
          <th scope="col">{t('overview.kind')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col" className={table.end}>{t('overview.total')}</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((n) => (
          <tr key={`n-${n.name}`}>
            <td style={{ fontWeight: 560 }}>{n.name}</td>
            <td>FreeSWITCH</td>
            <td><Lamp tone={nodeTones[n.state] ?? 'warn'}>{say(n.state)}</Lamp></td>
            <td className={`${table.end} num`}>{t('overview.calls', { count: n.sessions })}</td>
          </tr>
        ))}
        {providers.map((p) => (
          <tr key={p.name}>
            <td>
              <Link className={table.row ?? ''} to="/providers/$name" params={{ name: p.name }} search={{ tab: undefined }}>
                {p.name}
              </Link>
            </td>
            <td>{pick(p.title) || p.plugin}</td>
            <td><StateLamp instance={p} /></td>
            <td className={`${table.end} num`}>{formatCount(p.stats.tasks, language)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
