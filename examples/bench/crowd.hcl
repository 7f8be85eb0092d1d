# The gateway in front of a crowd: bench.hcl without the reports, which the twin has none of.

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
