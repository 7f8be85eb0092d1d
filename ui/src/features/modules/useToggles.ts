import { useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { keys } from '@/api/keys';
import { setAction } from '@/api/modules/set-action';
import { setModuleEnabled } from '@/api/modules/set-enabled';
import type { Module } from '@/api/types';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';

/** A wish of a click: the whole module, or one action of it. */
export interface Wish {
  module: string;
  action?: string;
  on: boolean;
  /** What a person calls it. */
  title: string;
  /** This wish takes another one back: no undo of the undo. */
  undo?: boolean;
}

const key = ['toggle'];

/**
 * Switches modules and actions. The switch shows where it is going while the
 * gateway works, and the true state again when that is done or has failed.
 */
export function useToggles() {
  const { t } = useWords();
  const client = useQueryClient();
  const { mutate } = useMutation({
    mutationKey: key,
    mutationFn: ({ module, action, on }: Wish) => (action === undefined ? setModuleEnabled(module, on) : setAction(module, action, { enabled: on })),
    onMutate: () => {
      // See compiling and starting while they happen.
      const timer = setInterval(() => void client.invalidateQueries({ queryKey: keys.modules, exact: true }), 700);
      return { timer };
    },
    onSuccess: (after, wish) => {
      client.setQueryData(keys.modules, (old: { modules: Module[]; state_version: number } | undefined) => old && { ...old, modules: old.modules.map((m) => (m.id === after.id ? after : m)) });
      toast({
        tone: 'good',
        text: t(wish.on ? 'modules.switchedOn' : 'modules.switchedOff', { title: wish.title }),
        action: wish.undo ? undefined : { label: t('common.undo'), run: () => mutate({ ...wish, on: !wish.on, undo: true }) },
      });
    },
    onError: (error, wish) => toast({ tone: 'bad', text: t(wish.on ? 'modules.notOn' : 'modules.notOff', { title: wish.title }), error, life: 12_000 }),
    onSettled: (_after, _error, _wish, context) => {
      clearInterval(context?.timer);
      void client.invalidateQueries({ queryKey: keys.modules, exact: true });
    },
  });
  const pending = useMutationState({
    filters: { mutationKey: key, status: 'pending' },
    select: (m) => m.state.variables as Wish,
  });
  const ended = useMutationState({
    filters: { mutationKey: key, predicate: (m) => m.state.status !== 'pending' },
    select: (m) => ({ wish: m.state.variables as Wish, error: m.state.error }),
  });
  return {
    toggle: mutate,
    /** Why the last click on something of a module failed; undefined when it did not. */
    failure: (module: string) => {
      const last = ended.findLast((m) => m.wish.module === module);
      return last?.error ? { error: last.error as unknown, on: last.wish.on, title: last.wish.title } : undefined;
    },
    /** Where a switch is going; undefined when it rests. */
    target: (module: string, action?: string) => pending.findLast((w) => w.module === module && w.action === action)?.on,
  };
}
