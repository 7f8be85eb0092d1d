import { Link } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import css from './Page.module.css';

interface Props {
  /** Also the title of the window. */
  name: string;
  title?: ReactNode;
  about?: ReactNode;
  /** Small facts in one line. */
  meta?: ReactNode[];
  /** The page above, for the way back. */
  parent?: { to: string; label: string };
  tools?: ReactNode;
  /** wide: the whole width; filling: also the whole height, the page itself does not scroll. */
  fit?: 'column' | 'wide' | 'filling';
  children: ReactNode;
}

export function Page({ name, title, about, meta, parent, tools, fit = 'column', children }: Props) {
  useEffect(() => {
    document.title = `${name} — Patchbay`;
  }, [name]);
  return (
    <div className={`${css.page} ${fit === 'wide' ? css.wide : ''} ${fit === 'filling' ? css.filling : ''}`}>
      <header className={css.head}>
        <div className="grow">
          {parent && (
            <div className={css.trail}>
              <Link to={parent.to}>{parent.label}</Link> <span aria-hidden>/</span>
            </div>
          )}
          <h1 className={css.title}>{title ?? name}</h1>
          {about && <p className={css.about}>{about}</p>}
          {meta && meta.length > 0 && (
            <ul className={css.meta}>
              {meta.map((fact, i) => (
                <li key={i}>{fact}</li>
              ))}
            </ul>
          )}
        </div>
        {tools && <div className={css.tools}>{tools}</div>}
      </header>
      {children}
    </div>
  );
}
