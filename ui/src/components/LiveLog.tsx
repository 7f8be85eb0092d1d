import { SegmentedControl, Switch, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { fetchLog, logStream, type LogEntry, type LogPart } from '@/api/live/log';
import { useStream } from '@/api/live/stream';
import { useWords } from '@/i18n';
import { browserZone, wall } from '@/lib/zone';
import { Lamp } from './Lamp';
import css from './LiveLog.module.css';
import { Panel } from './Panel';

const ranks = ['trace', 'debug', 'info', 'warn', 'error'];
/** How many lines are kept on the page. */
const most = 2_000;

/** The log of an instance as it is written. */
export function LiveLog({ instance }: { instance: string }) {
  const { t } = useWords();
  const [lines, setLines] = useState<LogEntry[]>([]);
  const [least, setLeast] = useState('trace');
  const [text, setText] = useState('');
  const [following, setFollowing] = useState(true);
  const after = useRef(0);
  const box = useRef<HTMLDivElement>(null);

  const add = useCallback((part: LogPart) => {
    const fresh = part.entries.filter((e) => e.seq > after.current);
    if (fresh.length === 0) return;
    after.current = fresh.at(-1)!.seq;
    setLines((old) => [...old, ...fresh].slice(-most));
  }, []);
  const live = useStream(
    () => logStream(instance, after.current),
    (name, data) => name === 'log' && add(data as LogPart),
  );
  useEffect(() => {
    if (live) return;
    const look = () => void fetchLog(instance, after.current).then(add, () => undefined);
    look();
    const timer = setInterval(look, 3_000);
    return () => clearInterval(timer);
  }, [live, instance, add]);

  const wanted = text.toLowerCase();
  const shown = lines.filter((e) => ranks.indexOf(e.level) >= ranks.indexOf(least) && (wanted === '' || `${e.message} ${e.request ?? ''} ${e.fields?.map((f) => `${f.key}=${f.value}`).join(' ') ?? ''}`.toLowerCase().includes(wanted)));
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown.length, following]);

  return (
    <Panel title={t('log.title')} tools={<Lamp tone={live ? 'good' : 'idle'}>{t(live ? 'log.live' : 'log.polled')}</Lamp>} flush>
      <div className={css.tools}>
        <SegmentedControl
          size="xs"
          aria-label={t('log.least')}
          value={least}
          onChange={setLeast}
          data={[
            { value: 'trace', label: t('log.all') },
            { value: 'info', label: t('log.fromInfo') },
            { value: 'warn', label: t('log.fromWarn') },
            { value: 'error', label: t('log.fromError') },
          ]}
        />
        <TextInput size="xs" aria-label={t('common.search')} placeholder={t('common.search')} value={text} onChange={(e) => setText(e.currentTarget.value)} w={220} />
        <span className="grow" />
        <Switch size="sm" label={t('log.follow')} checked={following} onChange={(e) => setFollowing(e.currentTarget.checked)} />
      </div>
      <div className={css.lines} ref={box} role="log" aria-label={t('log.title')} tabIndex={0}>
        {shown.length === 0 && <p className={css.empty}>{t(lines.length === 0 ? 'log.empty' : 'log.noneFit')}</p>}
        {shown.map((e) => (
          <Line key={e.seq} entry={e} />
        ))}
      </div>
    </Panel>
  );
}

function Line({ entry: e }: { entry: LogEntry }) {
  const { t } = useWords();
  return (
    <div className={css.line}>
      <time className={css.time} dateTime={e.time}>
        {wall(e.time, browserZone()).slice(11, 19)}
      </time>
      <span className={css[e.level]}>{e.level}</span>
      <span className={css.text}>
        {e.message}
        {e.fields?.map((f) => (
          <span key={f.key} className={css.field}>
            {' '}
            {f.key}={f.value}
          </span>
        ))}
        {e.request && (
          <>
            {' '}
            <Link to="/journal" search={{ text: e.request }} style={{ color: 'var(--pb-accent)' }} title={t('log.toJournal')}>
              {e.request}
            </Link>
          </>
        )}
      </span>
    </div>
  );
}
