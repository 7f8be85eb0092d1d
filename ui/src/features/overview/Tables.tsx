import { Link } from '@tanstack/react-router';
import type { Module, Node, Provider } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Lamp, type Tone } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { StateLamp } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import { formatCount, formatRate } from '@/lib/format';
import { rates, recent, type Sample } from './history';

export function Modules({ modules, history }: { modules: Module[] | undefined; history: Sample[] }) {
  const { t, pick, language } = useWords();
  if (!modules) return <div style={{ padding: 16 }}><Loading lines={4} /></div>;
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('overview.module')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col" className={table.end}>{t('overview.perSecond')}</th>
          <th scope="col" className={table.end}>{t('overview.total')}</th>
          <th scope="col" className={table.end}>{t('overview.failed')}</th>
        </tr>
      </thead>
      <tbody>
        {modules.map((m) => (
          <tr key={m.id}>
            <td>
              <Link className={table.row ?? ''} to="/modules/$id" params={{ id: m.id }} search={{ tab: undefined }}>
                {pick(m.title) || m.id}
              </Link>
            </td>
            <td><StateLamp instance={m} /></td>
            <td className={`${table.end} num`}>{history.length < 2 ? '…' : formatRate(recent(rates(history, 'tasks', m.id)), language)}</td>
            <td className={`${table.end} num`}>{formatCount(m.stats.tasks, language)}</td>
            <td className={`${table.end} num`}>{formatCount(m.stats.failures, language)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

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
