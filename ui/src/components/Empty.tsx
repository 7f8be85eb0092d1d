import { IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import css from './Empty.module.css';

/** Nothing is here; says why and what to do next. */
export function Empty({ title, text, icon, children }: { title: string; text?: ReactNode; icon?: ReactNode; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <div className={css.icon}>{icon ?? <IconInbox size={30} stroke={1.4} aria-hidden />}</div>
      <p className={css.title}>{title}</p>
      {text && <p className={css.text}>{text}</p>}
      {children}
    </div>
  );
}
