/** Names of what the panel remembers of the gateway; a prefix stands for all below it. */
export const keys = {
  modules: ['modules'],
  moduleSettings: (id: string) => ['modules', id, 'settings'],
  providers: ['providers'],
  providerSettings: (name: string) => ['providers', name, 'settings'],
  plugins: ['plugins'],
  plugin: (id: string) => ['plugins', id],
  nodes: ['nodes'],
  users: ['users'],
  user: (login: string) => ['users', login],
  tokens: (login: string) => ['users', login, 'tokens'],
  rights: ['rights'],
  journal: (kind: string, filter: object) => ['journal', kind, filter],
} as const;
