import type { ReactNode } from 'react';
import css from './Lamp.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'busy';

/** A state: a small light and its name. Never colour alone. */
export function Lamp({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`${css.lamp} ${css[tone]}`}>
      <span className={css.dot} aria-hidden />
      <span>{children}</span>
    </span>
  );
}

/** A small label in the colour of a state. */
export function Tag({ tone, children, title }: { tone: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={`${css.lamp} ${css[tone]} ${css.tag}`} title={title}>
      {children}
    </span>
  );
}
