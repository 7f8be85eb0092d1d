import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/api/keys';
import { setProviderEnabled } from '@/api/providers/set-enabled';
import type { Provider } from '@/api/types';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';

interface Wish {
  name: string;
  on: boolean;
  undo?: boolean;
}

const key = ['toggle-provider'];

/** Switches connections, as the modules' switches do. */
export function useProviderToggle() {
  const { t } = useWords();
  const client = useQueryClient();
  const { mutate } = useMutation({
    mutationKey: key,
    mutationFn: ({ name, on }: Wish) => setProviderEnabled(name, on),
    onSuccess: (after, wish) => {
      client.setQueryData(keys.providers, (old: { providers: Provider[]; state_version: number } | undefined) => old && { ...old, providers: old.providers.map((p) => (p.name === after.name ? after : p)) });
      toast({
        tone: 'good',
        text: t(wish.on ? 'modules.switchedOn' : 'modules.switchedOff', { title: wish.name }),
        action: wish.undo ? undefined : { label: t('common.undo'), run: () => mutate({ ...wish, on: !wish.on, undo: true }) },
      });
    },
    onError: (error, wish) => toast({ tone: 'bad', text: t(wish.on ? 'modules.notOn' : 'modules.notOff', { title: wish.name }), error }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.providers, exact: true });
      void client.invalidateQueries({ queryKey: keys.modules, exact: true });
    },
  });
  const pending = useMutationState({ filters: { mutationKey: key, status: 'pending' }, select: (m) => m.state.variables as Wish });
  return { toggle: mutate, target: (name: string) => pending.findLast((w) => w.name === name)?.on };
}
