import { Button, Checkbox, Group, Modal, Switch, TagsInput, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { keys } from '@/api/keys';
import { consentPlugin } from '@/api/plugins/consent';
import { differenceQuery } from '@/api/plugins/difference';
import type { PluginDetail, Version, VersionDifference } from '@/api/plugins/shapes';
import { rollbackPlugin, upgradePlugin, type Switched } from '@/api/plugins/switch';
import { providersQuery } from '@/api/providers/list';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';
import { Loading } from '../Loading';
import { toast } from '../toasts';
import { Asks } from './Asks';
import css from './Plugin.module.css';
import { VersionDelta } from './VersionDelta';
import { instanceOf } from './words';

export type Direction = 'forward' | 'back';

interface Props {
  detail: PluginDetail;
  to: Version;
  direction: Direction;
  onClose: () => void;
}

/** Brings a version into force: what it changes, whom it touches, and consent when it asks for more. */
export function SwitchVersion({ detail, to, direction, onClose }: Props) {
  const { t } = useWords();
  const { data, error, refetch } = useQuery(differenceQuery(detail.id, to.sha256));
  const title = t(direction === 'forward' ? 'plugins.upgradeTitle' : 'plugins.rollbackTitle', { id: detail.id, version: to.version });
  return (
    <Modal opened onClose={onClose} size={720} title={<Text fw={600}>{title}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {error ? <Failure error={error} retry={() => void refetch()} /> : data ? <Decide detail={detail} to={to} direction={direction} difference={data} onClose={onClose} /> : <Loading lines={5} />}
    </Modal>
  );
}

function Decide({ detail, to, direction, difference, onClose }: Props & { difference: VersionDifference }) {
  const { t } = useWords();
  const client = useQueryClient();
  const administrator = useMay('administrator');
  const instances = useMemo(() => [...new Set(difference.lacks.map(instanceOf))], [difference.lacks]);
  const needed = instances.length > 0;
  const consenting = needed && administrator;
  const talks = to.asks.some((a) => a.capability === 'http');
  const { data: providers } = useQuery({ ...providersQuery, enabled: consenting });
  const [chosen, setAgreed] = useState<string[] | null>(null);
  const [own, setOwn] = useState<Record<string, { hosts?: string[]; private?: boolean }>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  // What all of them were granted before needs no second thought; the rest does.
  const agreed = chosen ?? to.asks.map((a) => a.capability).filter((c) => instances.every((name) => providers?.find((p) => p.name === name)?.granted.includes(c)));

  /** What an instance may reach now, and what the version wants besides, until somebody changes the list. */
  const reach = (name: string) => {
    const now = providers?.find((p) => p.name === name);
    const wanted = to.asks.flatMap((a) => a.hosts);
    return { hosts: own[name]?.hosts ?? [...new Set([...(now?.hosts ?? []), ...wanted])], private: own[name]?.private ?? now?.private ?? false };
  };
  const change = (name: string, what: { hosts?: string[]; private?: boolean }) => setOwn((all) => ({ ...all, [name]: { ...all[name], ...what } }));

  const consent = async (): Promise<Switched> => {
    let version = detail.state_version;
    let last: Switched | undefined;
    for (const name of instances) {
      const { hosts, private: local } = reach(name);
      last = await consentPlugin(detail.id, { sha256: to.sha256, instances: [name], granted: agreed, private: local, ...(talks ? { hosts } : {}) }, version);
      version = last.state_version;
    }
    return last!;
  };
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      const done = await (consenting ? consent() : direction === 'forward' ? upgradePlugin(detail.id, { sha256: to.sha256 }, detail.state_version) : rollbackPlugin(detail.id, to.sha256, detail.state_version));
      const { lacks, ...now } = done;
      client.setQueryData(keys.plugin(detail.id), now);
      toast(lacks && lacks.length > 0 ? { tone: 'plain', text: t('plugins.nowWaits', { version: to.version }) } : { tone: 'good', text: t('plugins.nowRuns', { id: detail.id, version: to.version }) });
      onClose();
    } catch (e) {
      setError(e);
      setBusy(false);
    } finally {
      for (const key of [keys.plugins, keys.modules, keys.providers]) void client.invalidateQueries({ queryKey: key });
    }
  };
  const missing = consenting && to.asks.some((a) => a.operations.some((o) => o.used) && !agreed.includes(a.capability));
  const verb = consenting ? 'plugins.allow' : needed ? 'plugins.askFor' : direction === 'forward' ? 'plugins.upgrade' : 'plugins.rollback';
  return (
    <div>
      <p style={{ margin: '0 0 4px', fontSize: 13.5 }}>
        {detail.used_by.length > 0 ? t('plugins.touches', { names: detail.used_by.join(', ') }) : t('plugins.touchesNobody')} {direction === 'forward' && t('plugins.trialNote')}
      </p>
      <h3 className={css.subtitle}>{t('plugins.changesOf', { from: detail.version, to: to.version })}</h3>
      <VersionDelta difference={difference} />
      {needed && (
        <>
          <h3 className={css.subtitle}>{t('plugins.consentTitle')}</h3>
          <p style={{ margin: '0 0 6px', fontSize: 13.5 }}>{t(administrator ? 'plugins.consentText' : 'plugins.consentByAdministrator')}</p>
          {!administrator && <Asks asks={difference.asks.length > 0 ? difference.asks : to.asks} />}
          {administrator && (
            <div style={{ display: 'grid', gap: 14 }}>
              <AgreeTo version={to} agreed={agreed} onChange={setAgreed} />
              {talks &&
                agreed.includes('http') &&
                instances.map((name) => (
                  <div key={name} style={{ display: 'grid', gap: 10 }}>
                    <TagsInput
                      label={t('plugins.hostsOf', { name })}
                      description={t('plugins.hostsHelp')}
                      value={reach(name).hosts}
                      onChange={(hosts) => change(name, { hosts })}
                      splitChars={[',', ' ', ';']}
                      clearable
                      clearButtonProps={{ 'aria-label': t('common.clear') }}
                    />
                    <Switch label={t('providers.private')} checked={reach(name).private} onChange={(e) => change(name, { private: e.currentTarget.checked })} />
                  </div>
                ))}
            </div>
          )}
        </>
      )}
      {error !== null && (
        <div style={{ marginTop: 14 }}>
          <Failure error={error} />
        </div>
      )}
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={onClose} disabled={busy}>
          {t('common.cancel')}
        </Button>
        <Button loading={busy} disabled={missing} onClick={() => void run()}>
          {t(verb)}
        </Button>
      </Group>
    </div>
  );
}

/** One box for each ability, with what it lets the plugin do. */
function AgreeTo({ version, agreed, onChange }: { version: Version; agreed: string[]; onChange: (agreed: string[]) => void }) {
  const { t, pick } = useWords();
  return version.asks.map((a) => (
    <Checkbox
      key={a.capability}
      label={t(`capability.${a.capability}` as 'capability.http', { defaultValue: a.capability })}
      description={[pick(a.reason), a.operations.map((o) => pick(o.text) || o.name).join('; ')].filter(Boolean).join(' — ')}
      checked={agreed.includes(a.capability)}
      onChange={(e) => onChange(e.currentTarget.checked ? [...agreed, a.capability] : agreed.filter((x) => x !== a.capability))}
    />
  ));
}
