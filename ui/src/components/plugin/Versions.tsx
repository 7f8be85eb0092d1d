import { Button, Menu } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconDots, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { pluginQuery } from '@/api/plugins/get';
import { removeVersion } from '@/api/plugins/remove-version';
import type { PluginDetail, Version } from '@/api/plugins/shapes';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { formatBytes } from '@/lib/format';
import { Confirm } from '../Confirm';
import { Failure } from '../Failure';
import { Lamp } from '../Lamp';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { Ago } from '../Time';
import { toast } from '../toasts';
import { Notices } from './Notices';
import css from './Plugin.module.css';
import { SwitchVersion, type Direction } from './SwitchVersion';
import { UsedBy } from './UsedBy';
import { sayTrust, sayVersion, short } from './words';

/** The files of a plugin, newest first, and the way from one to another. linked: with the way to the page of the plugin. */
export function Versions({ plugin, linked = false }: { plugin: string; linked?: boolean }) {
  const { data, error, refetch } = useQuery(pluginQuery(plugin));
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Panel><Loading lines={5} /></Panel>;
  return <List detail={data} linked={linked} />;
}

function List({ detail, linked }: { detail: PluginDetail; linked: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [going, go] = useState<{ to: Version; direction: Direction } | null>(null);
  const [removing, remove] = useState<Version | null>(null);
  const now = detail.files.findIndex((f) => f.state === 'in force' || f.state === 'on trial');
  return (
    <>
      <Notices detail={detail} onSwitch={(to, direction) => go({ to, direction })} />
      <Panel title={t('plugins.versions')} note={t(detail.follow ? 'plugins.follows' : 'plugins.stays')} flush tools={linked && <span className={css.links}><Link to="/plugins/$id" params={{ id: detail.id }} search={{ tab: undefined }}>{t('plugins.page')}</Link></span>}>
        {detail.files.map((f, i) => (
          <Row key={f.sha256} file={f} kind={detail.kind} direction={now >= 0 && i > now ? 'back' : 'forward'} onSwitch={(direction) => go({ to: f, direction })} onRemove={() => remove(f)} />
        ))}
      </Panel>
      {going && <SwitchVersion detail={detail} to={going.to} direction={going.direction} onClose={() => go(null)} />}
      <Confirm
        opened={removing !== null}
        onClose={() => remove(null)}
        title={t('plugins.removeTitle', { version: removing?.version ?? '' })}
        verb={t('common.delete')}
        danger
        run={async () => {
          await removeVersion(detail.id, removing!.sha256);
          toast({ tone: 'good', text: t('plugins.removed', { version: removing!.version }) });
          await client.invalidateQueries({ queryKey: keys.plugins });
        }}
      >
        {t('plugins.removeText')}
      </Confirm>
    </>
  );
}

interface RowProps {
  file: Version;
  kind: 'module' | 'provider';
  direction: Direction;
  onSwitch: (direction: Direction) => void;
  onRemove: () => void;
}

function Row({ file: f, kind, direction, onSwitch, onRemove }: RowProps) {
  const { t, language } = useWords();
  const manager = useMay('manager');
  const administrator = useMay('administrator');
  const state = sayVersion(f.state, t);
  const trust = sayTrust(f.trust, t);
  const runs = f.state === 'in force' || f.state === 'on trial' || f.state === 'pinned';
  return (
    <div className={css.version} data-version={f.version} data-state={f.state}>
      <div className="grow">
        <div className={css.head}>
          <span className={css.number}>{f.version}</span>
          <Lamp tone={state.tone}>{state.name}</Lamp>
          <span title={trust.help}><Lamp tone={trust.tone}>{trust.name}</Lamp></span>
        </div>
        <ul className={css.facts}>
          <li>{t(`plugins.origin.${f.origin}` as 'plugins.origin.upload', { defaultValue: f.origin })}{f.by && `: ${f.by}`}, <Ago at={f.added} /></li>
          <li className="mono" title={f.sha256}>{short(f.sha256)}</li>
          <li className="mono">{f.file}</li>
          <li>{formatBytes(f.bytes, language)}</li>
          {f.trust.key_id && <li>{t('plugins.key')} <span className="mono">{f.trust.key_id}</span></li>}
          {f.trust.comment && <li>{f.trust.comment}</li>}
          {f.used_by.length > 0 && <li className={css.links}>{t('plugins.runs')} <UsedBy kind={kind} names={f.used_by} /></li>}
        </ul>
        {f.reason && <p className={css.reason}>{f.reason}</p>}
        {f.trust.state !== 'unsigned' && f.trust.reason && f.trust.reason !== f.reason && <p className={css.facts}>{f.trust.reason}</p>}
      </div>
      <div className={css.buttons}>
        {manager && !runs && f.state !== 'refused' && (
          <Button size="xs" variant={direction === 'forward' ? 'light' : 'default'} onClick={() => onSwitch(direction)}>
            {t(direction === 'forward' ? 'plugins.upgrade' : 'plugins.rollback')}
          </Button>
        )}
        {administrator && f.kept && !runs && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="xs" variant="subtle" color="gray" aria-label={t('plugins.moreOf', { version: f.version })}>
                <IconDots size={16} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={onRemove}>
                {t('plugins.remove')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </div>
  );
}
