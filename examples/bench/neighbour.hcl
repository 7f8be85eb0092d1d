# The plugin `bench` beside hostile ones, which cmd/bench switches on. It sets the
# variables, too.

gateway {
  listen  = "127.0.0.1:0"
  data    = env("PATCHBAY_BENCH_DATA")
  plugins = [env("PATCHBAY_BENCH_PLUGINS"), env("PATCHBAY_BENCH_HOSTILE")]
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
      private = true
    }
  }
}
