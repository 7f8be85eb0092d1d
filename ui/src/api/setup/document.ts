import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Violation } from '../types';

/** What a document is about: one module or connection, or ("all") everything. */
export type Target = { kind: 'module' | 'provider'; name: string } | 'all';

/** The configuration in both forms, secrets hidden. */
export interface Document {
  hcl: string;
  json: unknown;
  state_version: number;
}

/** One value that differs; null: it is not there. */
export interface PlannedDifference {
  /** JSON pointer into the document. */
  path: string;
  before: unknown;
  after: unknown;
}

/** What a document would change, and why it cannot be applied. */
export interface Plan {
  hcl: string;
  json: unknown;
  differences: PlannedDifference[];
  violations: Violation[];
}

/** prune: connections that are not in the document are deleted; only for everything. */
export type Proposal = ({ hcl: string } | { json: unknown }) & { prune?: boolean };

function place(target: Target): string {
  return target === 'all' ? '' : `${path(target.kind === 'module' ? 'modules' : 'providers', target.name)}/document`;
}

/** users: with the users, but not what they sign in with; only of everything. */
export const documentQuery = (target: Target, users = false) =>
  queryOptions({
    queryKey: keys.document(target, users),
    queryFn: ({ signal }) => call<Document>(target === 'all' ? `/export${users ? '?users=true' : ''}` : place(target), { signal }),
    // An editor is filled from it.
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
  });

/** Changes nothing. */
export function planDocument(target: Target, proposal: Proposal): Promise<Plan> {
  return call(target === 'all' ? '/import/plan' : `${place(target)}/plan`, { method: 'POST', body: proposal });
}

export function applyDocument(target: Target, proposal: Proposal, version: number): Promise<Plan> {
  return target === 'all' ? call('/import', { method: 'POST', body: proposal, ifMatch: version }) : call(place(target), { method: 'PUT', body: proposal, ifMatch: version });
}
