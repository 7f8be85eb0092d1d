import type { ReactNode } from 'react';
import { useId } from 'react';
import css from './Panel.module.css';

interface Props {
  title?: ReactNode;
  note?: ReactNode;
  tools?: ReactNode;
  /** The content reaches the edges: tables and lists. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A sheet of paper on the page. */
export function Panel({ title, note, tools, flush, className, children }: Props) {
  const id = useId();
  return (
    <section className={`${css.panel} ${className ?? ''}`} aria-labelledby={title ? id : undefined}>
      {(title || tools) && (
        <div className={css.head}>
          {title && (
            <h2 className={css.title} id={id}>
              {title}
            </h2>
          )}
          {note && <span className={css.note}>{note}</span>}
          {tools && <div className={css.tools}>{tools}</div>}
        </div>
      )}
      <div className={flush ? css.flush : css.body}>{children}</div>
    </section>
  );
}
