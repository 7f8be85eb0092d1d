gateway {
  listen          = "0.0.0.0:8443"
  data            = "/var/lib/patchbay"
  time_zone       = "Asia/Novosibirsk"
  region          = "KZ"
  public_url      = "https://api.example/gateway/"
  plugins         = ["plugins", "/opt/patchbay/plugins"]
  body_limit      = "512KiB"
  request_timeout = "1m30s"
  trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]
  base_path       = "/gateway/api"
  secret_key      = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

  drain        = "45s"
  drain_notice = "5s"

  tls {
    certificate = "gateway.crt"
    key         = "/etc/ssl/private/gateway.key"
    min_version = "1.3"
    hsts        = "30d"
  }

  connections {
    total       = 5000
    per_address = 50
    head_time   = "3s"
    read_time   = "20s"
  }

  cors {
    origins = ["https://crm.example", "http://localhost:5173"]
    max_age = "1h"
  }

  log {
    level  = "debug"
    format = "json"
  }
}

auth {
  token_idle      = "1h"
  token_lifetime  = "30d"
  tokens_per_user = 7

  login {
    attempts = env("FIVE")
    window   = "5m"
  }

  argon2 {
    memory      = "64MiB"
    time        = 3
    parallelism = 4
  }
}

limits {
  user   = "600/m"
  action = "off"
}

journal {
  durability = "power"
  body       = "none"
  phones     = "full"
  messages   = "hidden"

  retention {
    requests     = "30d"
    bad_requests = "60d"
    sms          = "1d12h"
    calls        = "forever"
    cdr          = "10d"
    audit        = "3650d"
  }
}

store {
  cache   = "1GiB"
  reserve = "1GiB"
}

guard "call" {
  mode            = "watch"
  home            = false
  allow           = ["+7 495", "44"]
  internal        = "[0-9]{3,4}"
  users           = [{ user = "crm", allow = ["+1"], per_day = 10, spend = 2.5 }]
  user_per_minute = 5
  number_at_once  = 1
  tariff          = "+7 1.5\n+44 12"
  user_spend      = 99.5
  night           = "22:00-08:00"
  night_zone      = "number"
  webhook         = "https://alarms.example/x"
  webhook_private = env("TRUE")
}

guard "message" {
  deny   = []
  refuse = ["voip"]
}

freeswitch "main" {
  address           = "fs1.example:8021"
  user              = "patchbay@fs1.example"
  password          = env("ESL_PASSWORD", "ClueCon")
  connections       = 8
  weight            = 10
  command_timeout   = "5s"
  originate_timeout = "45s"
  dial              = "sofia/internal/{account}@{domain} connect XML default"
  accounts          = ["1001", "1234"]
  domain            = "fs1.example"

  recordings {
    source = "file"
    path   = "/var/lib/freeswitch/recordings/{uuid}.wav"
  }

  cdr {
    token     = env("CDR_TOKEN")
    user      = "fs"
    password  = "cdr-password"
    error_dir = "/var/log/freeswitch/xml_cdr"
    allow     = ["10.1.2.3"]
  }
}

freeswitch "reserve" {
  address         = "[::1]:8021"
  weight          = 0
  account_pattern = "[0-9]{3,6}|support"

  recordings {
    source = "http"
    url    = "https://records.example/{uuid}.wav"
  }
}

module "contact" {
  settings = {
    "dotted.key" = { in = 1 }
  }
}

trust {
  keys     = ["RWRN1lWeWkNfSNhUVt1EcUpzbi/jQkKE6GXKCB1Fb4KdxLfkanoGnimq", "RWTY4FFlNryb5pY2P9f4+NBDENFfaOBQjnwJa8sJcBSJSnfooevwMjm6"]
  unsigned = "refuse"
}

upgrade {
  watch   = "500ms"
  trial   = "10m"
  crashes = 5
  keep    = 4
}

module "sms" {
  plugin   = "sms-v2"
  sha256   = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  enabled  = false

  grant {
    capabilities = []
  }

  action "send" {
    enabled = env("TRUE")
    limit   = "5/s burst 20"
  }

  action "status" {
    enabled = false
  }
}

provider "kannel" {
  plugin = "sms-kannel"

  grant {
    capabilities = ["http", "log"]

    http {
      hosts   = ["127.0.0.1:13013", "API.Example.com", "*.aggregator.example:443", "::1"]
      private = true
    }

    freeswitch {
      operations = ["api", "originate"]
    }
  }

  settings = {
    url     = "http://127.0.0.1:13013/cgi-bin/sendsms"
    retries = 3
    ratio   = 0.5
    utf8    = true
    nothing = null
    offset  = -7
    "sender id" = env("WORD")
    text    = <<-END
      line one
      line two
    END
    routes = [
      { prefix = "79", cost = 1.25 },
      { "prefix" = "7.9" },
    ]
  }

  secrets = {
    password = file("secret.txt")
    user     = "gateway"
  }
}
