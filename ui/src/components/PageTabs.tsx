import { Tabs } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export interface TabSpec {
  id: string;
  label: ReactNode;
  content: () => ReactNode;
}

/** Tabs whose choice is in the address. The first one is the default; unknown names fall back to it. */
export function PageTabs({ tabs, now, label }: { tabs: TabSpec[]; now: string | undefined; label: string }) {
  const navigate = useNavigate();
  const current = tabs.find((tab) => tab.id === now) ?? tabs[0]!;
  const go = (id: string | null) => {
    const search = ((before: Record<string, unknown>) => ({ ...before, tab: id === tabs[0]!.id ? undefined : (id ?? undefined) })) as never;
    void navigate({ to: '.', search, replace: true, resetScroll: false });
  };
  return (
    <Tabs value={current.id} onChange={go} keepMounted={false}>
      <Tabs.List mb={16} aria-label={label}>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.id} value={tab.id}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Panel key={tab.id} value={tab.id}>
          {tab.id === current.id ? tab.content() : null}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
