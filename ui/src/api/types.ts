/**
 * The shapes of the administration API, /admin/api/v1. Written by hand after
 * core/internal/admin; to be generated once the gateway describes that API.
 */
import type { Schema } from '@/lib/dialect';

export type Role = 'administrator' | 'manager' | 'auditor' | 'integrator';

/** A text in the languages of the product. */
export interface Text {
  en: string;
  ru: string;
}

export interface SessionView {
  access_token: string;
  login: string;
  role: Role;
  must_change: boolean;
  expires: string;
}

/** The password is right: send it again with a code of the second factor. */
export interface SecondNeeded {
  second_factor: true;
}

/** What the configuration file sets, and where. */
export interface Lock {
  locked: string[];
  locked_at: Record<string, string>;
}

export type StateName =
  | 'verified'
  | 'compiling'
  | 'compiled'
  | 'warm'
  | 'backing off'
  | 'failed'
  | 'superseded'
  | 'removed'
  | (string & {});

export interface InstanceState {
  name: StateName;
  reason: string;
  since?: string;
  /** When a crashed instance starts again. */
  until?: string;
}

export interface Progress {
  step: 'enabling' | 'compiling' | 'starting' | 'warm' | 'failed' | (string & {});
  since: string;
  reason?: string;
}

/** Figures since the instance started. */
export interface Stats {
  tasks: number;
  failures: number;
  crashes: number;
  in_flight: number;
  guests: number;
  memory_bytes: number;
  busy_ms: number;
}

export interface Instance extends Lock {
  plugin: string;
  title: Text;
  description: Text;
  vendor: string;
  version: string;
  sha256: string;
  on: boolean;
  state: InstanceState;
  stats: Stats;
  has_settings: boolean;
  /** A change that is under way: what is switched on does not serve yet. */
  progress?: Progress;
}

export interface Action extends Lock {
  name: string;
  title: Text;
  summary: Text;
  methods: string[];
  /** The provider instance that the action belongs to, if it is one of those. */
  provider?: string;
  on: boolean;
  /** "" when nobody decided: then default_limit holds. */
  limit: string;
  default_limit: string;
}

export interface Module extends Instance {
  id: string;
  actions: Action[];
}

export interface Provider extends Instance {
  name: string;
  points: string[];
  hosts: string[];
  private: boolean;
  granted: string[];
  /** The configuration file defines it. */
  in_file: boolean;
}

export interface NewProvider {
  name: string;
  plugin: string;
  settings: Record<string, unknown>;
  hosts?: string[];
  private: boolean;
  granted: string[];
}

export interface Settings extends Lock {
  schema: Schema | null;
  values: Record<string, unknown>;
  version: number;
}

export interface Capability {
  name: string;
  operations: string[];
  reason: Text;
  hosts?: string[];
  optional?: boolean;
}

export interface Plugin {
  id: string;
  kind: 'module' | 'provider';
  version: string;
  vendor: string;
  license?: string;
  homepage?: string;
  title: Text;
  description: Text;
  sha256: string;
  file: string;
  bytes: number;
  capabilities: Capability[];
  imports: string[];
  extends?: { point: string; operations: string[] }[];
  provides?: string[];
  settings?: Schema;
  used_by: string[];
}

export interface Node {
  name: string;
  address: string;
  state: 'connecting' | 'up' | 'down' | (string & {});
  reason: string;
  /** Names the usual reasons. */
  code?: string;
  since?: string;
  core_uuid: string;
  last_heartbeat?: string;
  sessions: number;
  waiting: number;
  /** The configuration file defines it. */
  in_file: boolean;
}

export const userStatus = { active: 10, blocked: 9, deleted: 0 } as const;
export type UserStatus = (typeof userStatus)[keyof typeof userStatus];

export interface Rate {
  per_second: number;
  burst?: number;
}

export interface Limits {
  all?: Rate;
  actions?: Record<string, Rate>;
}

export interface User {
  login: string;
  status: UserStatus;
  role: Role;
  rights: string[];
  allowed_ips: string[];
  limits: Limits;
  note: string;
  must_change: boolean;
  second_factor?: boolean;
  created: string;
  updated: string;
  last_login: string | null;
  version: number;
}

export type UserChange = Partial<Pick<User, 'status' | 'role' | 'rights' | 'allowed_ips' | 'limits' | 'note' | 'must_change'>>;

export interface NewUser extends UserChange {
  login: string;
  /** Left out: the gateway chooses one and shows it once. */
  password?: string;
}

export interface Token {
  id: string;
  label: string;
  address: string;
  created: string;
  last_used: string;
  expires: string;
}

export interface IssuedToken {
  id: string;
  label: string;
  expires: string;
  /** Shown this once. */
  token: string;
}

export interface ModuleRights {
  module: string;
  title: Text;
  /** The right to the whole module: "sms.*". */
  right: string;
  actions: { right: string; name: string; title: Text }[];
}

/** A part of the journal, newest first; next continues behind it. */
export interface Page<Row> {
  rows: Row[];
  next: string;
  skipped: number;
}

export interface RequestRow {
  id: string;
  time: string;
  module: string;
  action: string;
  status: number;
  error: string;
  body: unknown;
  user: string;
  ip: string;
  duration_ms: number;
  request_id: string;
  reason: string;
  ignored: string[];
  error_id: string;
}

export interface SMSRow {
  id: string;
  time: string;
  phone: string;
  originator: string;
  message: string;
  project_id: string;
  session_id: string;
  user: string;
  request_id: string;
  provider: string;
  message_id: string;
  result: string;
  detail: string;
  segments: number;
  done: string | null;
}

export interface CallRow {
  id: string;
  time: string;
  node: string;
  called: string;
  caller: string;
  account: string;
  uuid: string;
  user: string;
  request_id: string;
  result: string;
  detail: string;
  done: string | null;
}

export interface AuditRow {
  id: string;
  time: string;
  user: string;
  ip: string;
  action: string;
  object: string;
  before: unknown;
  after: unknown;
  request_id: string;
}

/** One mistake in a request. */
export interface Violation {
  /** JSON pointer into the request, "" for all of it. */
  pointer: string;
  message: string;
  /** The same for other languages: the keyword of the schema that is not met, or a word of the gateway, and its value. */
  code?: string;
  want?: string;
  /** Where the configuration file sets the value. */
  at?: string;
  /** Where the mistake stands in the document that was sent: "document:3:5". */
  place?: string;
}
