# The gateway in front of the sandbox's FreeSWITCH: /contact without limits of the
# rate. cmd/bench sets the variables; the "upstream" is the event socket.

gateway {
  listen  = "127.0.0.1:0"
  data    = env("PATCHBAY_BENCH_DATA")
  plugins = [env("PATCHBAY_PLUGINS")]
}

trust {
  unsigned = "allow"
}

limits {
  user   = "off"
  action = "off"
}

# The load is no caller who has to be slowed down.
guard "call" {
  mode = "off"
}

freeswitch "main" {
  address         = env("PATCHBAY_BENCH_UPSTREAM")
  password        = "ClueCon"
  account_pattern = "^[0-9]{3,6}$"
}

module "contact" {
  action "add" {
    limit = "off"
  }
}
