import { useState, type ReactNode } from 'react';
import type { Module } from '@/api/types';
import { Consent } from './Consent';
import { SwitchOff } from './SwitchOff';
import { useToggles, type Wish } from './useToggles';

/** Nobody has said yet what the module may touch. */
export const waitsForConsent = (m: Module) => m.state.name === 'waiting for consent';

/** What a click on a switch leads to: at once, or after a look at whom it concerns, or after consent. */
export function useWish(modules: readonly Module[]) {
  const { toggle, target, failure } = useToggles();
  const [asking, ask] = useState<Wish | null>(null);
  const module = modules.find((m) => m.id === asking?.module);
  const close = () => ask(null);
  const go = () => {
    if (asking) toggle(asking);
    close();
  };
  const wish = (w: Wish) => {
    const m = modules.find((x) => x.id === w.module);
    if (!w.on || (m && w.action === undefined && waitsForConsent(m))) ask(w);
    else toggle(w);
  };
  let dialog: ReactNode = null;
  if (asking && !asking.on) dialog = <SwitchOff wish={asking} onClose={close} onGo={go} />;
  else if (asking && module) dialog = <Consent module={module} onClose={close} onGo={go} />;
  return { wish, target, failure, dialog };
}
