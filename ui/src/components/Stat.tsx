import type { ReactNode } from 'react';
import css from './Stat.module.css';

export function Stats({ children }: { children: ReactNode }) {
  return <dl className={css.stats}>{children}</dl>;
}

/** One figure with its name. */
export function Stat({ name, value, note, tone, chart }: { name: string; value: ReactNode; note?: ReactNode; tone?: 'good' | 'warn' | 'bad'; chart?: ReactNode }) {
  return (
    <div className={css.stat}>
      <dt className={css.name}>{name}</dt>
      <dd className={`${css.value} ${tone ? css[tone] : ''}`}>{value}</dd>
      {note && <dd className={css.note} style={{ margin: 0 }}>{note}</dd>}
      {chart && <dd style={{ margin: 0 }}>{chart}</dd>}
    </div>
  );
}
