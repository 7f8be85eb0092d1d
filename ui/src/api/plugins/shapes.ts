import type { Plugin, Text } from '../types';

/** Shapes of the packages of plugins, after core/internal/admin/plugins.go. */

export interface Trust {
  state: 'signed' | 'unsigned' | 'modified' | (string & {});
  key_id?: string;
  comment?: string;
  reason?: string;
}

/** An upgrade that waits for consent. */
export interface Waiting {
  sha256: string;
  version: string;
  since: string;
  by: string;
  lacks: string[];
}

/** The first time of a new version. */
export interface Trial {
  sha256: string;
  previous: string;
  since: string;
  until: string;
  by: string;
  crashes: number;
  /** How many crashes bring the previous version back. */
  limit: number;
}

/** A plugin as the catalogue shows it. */
export interface Entry extends Plugin {
  trust: Trust;
  /** What an operator should know: limits, peculiarities, what was tested. */
  notes?: Text[];
  /** Why no version may run, "" when one may. */
  refused: string;
  versions: number;
  /** Newer files of the folders are taken by themselves. */
  follow: boolean;
  waiting?: Waiting;
  trial?: Trial;
}

export interface Catalogue {
  plugins: Entry[];
  faults: string[];
}

/** What a version may do once it is granted, in words. */
export interface Ask {
  capability: string;
  operations: { name: string; text: Text; used: boolean }[];
  hosts: string[];
  reason: Text;
}

export type VersionState = 'in force' | 'on trial' | 'waiting for consent' | 'rejected' | 'refused' | 'pinned' | 'available' | (string & {});

/** One file of a plugin. */
export interface Version {
  version: string;
  sha256: string;
  bytes: number;
  file: string;
  added: string;
  by?: string;
  origin: 'folder' | 'shipped' | 'upload' | (string & {});
  in_folder: boolean;
  /** The gateway has a copy of its own, which can be removed. */
  kept: boolean;
  trust: Trust;
  state: VersionState;
  reason?: string;
  asks: Ask[];
  used_by: string[];
}

export interface Crash {
  at: string;
  instance: string;
  version: string;
  sha256: string;
  count: number;
  reason: string;
}

export interface PluginDetail extends Entry {
  /** Newest first. */
  files: Version[];
  crashes: Crash[];
  state_version: number;
}

export interface Delta {
  added: string[];
  removed: string[];
}

/** What changes from one version to another. */
export interface VersionDifference {
  from: string;
  to: string;
  capabilities: Delta;
  operations: Delta;
  hosts: Delta;
  settings: Delta;
  required_settings: Delta;
  actions: Delta;
  points: Delta;
  asks: Ask[];
  /** "instance: operations" that were not granted yet; empty: no consent is needed. */
  lacks: string[];
}
