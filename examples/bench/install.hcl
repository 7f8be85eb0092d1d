# A gateway with the module sms and no provider: providers are installed while it
# runs. cmd/bench sets the variables.

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

# One number gets thousands of messages here.
guard "message" {
  mode = "off"
}

module "sms" {
  action "send" {
    limit = "off"
  }
}
