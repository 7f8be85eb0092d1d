# The gateway as the benchmark measures it: defaults, but no limits of the rate
# and the plugin `bench` beside the reports. cmd/bench sets the variables.

gateway {
  listen  = "127.0.0.1:0"
  data    = env("PATCHBAY_BENCH_DATA")
  plugins = [env("PATCHBAY_BENCH_PLUGINS"), env("PATCHBAY_PLUGINS")]
}

trust {
  unsigned = "allow"
}

limits {
  user   = "off"
  action = "off"
}

module "bench" {
  settings = {
    url = "http://${env("PATCHBAY_BENCH_UPSTREAM")}/"
  }

  grant {
    http {
      hosts   = [env("PATCHBAY_BENCH_UPSTREAM")]
      private = true # the upstream is on this machine
    }
  }
}

module "report" {}
