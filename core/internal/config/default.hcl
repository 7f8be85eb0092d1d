# What an empty gateway.hcl means. Copy a block to change it; the panel cannot change what the file sets.
#
# Values are literals, lists, objects and strings; env("NAME"), env("NAME", "default") and file("path") read the
# environment and files. Relative paths start from the folder of this file.

gateway {
  listen          = "127.0.0.1:8080"
  data            = "data"
  time_zone       = "Europe/Moscow" # of dates in requests and reports
  region          = "RU"            # of telephone numbers without a country code
  public_url      = ""              # "https://api.example.com", for the documentation; from listen if empty
  plugins         = ["build/plugins"]
  body_limit      = "1MiB"
  request_timeout = "30s"
  trusted_proxies = [] # networks whose X-Forwarded-For is believed
  base_path       = "" # "/gateway" behind a proxy that does not strip it

  # secret_key = env("PATCHBAY_SECRET_KEY") # seals the secrets in the store; secret.key in the data folder if left out

  # tls {
  #   cert = "gateway.crt"
  #   key  = "gateway.key"
  # }

  cors {
    origins = [] # "https://crm.example"; none: no web page may call the gateway
    max_age = "10m"
  }

  log {
    level  = "info" # trace, debug, info, warn, error, off
    format = "text" # text, json
  }
}

auth {
  token_idle      = "24h"  # a token unused for so long ends
  token_lifetime  = "720h" # and in any case after so long
  tokens_per_user = 100

  login {
    attempts = 5 # wrong passwords per window that cost no waiting
    window   = "15m"
  }

  argon2 {
    memory      = "19MiB"
    time        = 2
    parallelism = 1
  }
}

limits {
  user   = "100/s"
  action = "50/s"
}

journal {
  durability = "process" # power: a record survives a power cut, at the price of a disk flush
  body       = "masked"  # masked, full, none: parameters in the records of requests
  phones     = "full"    # full, masked: numbers in the records of SMS and calls
  messages   = "full"    # full, hidden: texts in the records of SMS

  retention {
    requests = "90d"
    sms      = "400d"
    calls    = "400d"
    audit    = "1095d"
  }
}

store {
  cache = "64MiB"
}

trust {
  keys = [] # public keys of minisign whose signatures of plugin files count: "RW…" or file("vendor.pub")

  # Plugin files without such a signature: "allow" takes them from everywhere; "shipped" only from the folder "plugins"
  # beside the gateway's binary, if nobody can write there who could not replace the binary; "refuse" takes none.
  # A file whose signature does not fit never runs.
  unsigned = "shipped"
}

upgrade {
  watch   = "2s" # how often the plugin folders are looked at
  trial   = "5m" # how long a new version is watched; "0s": not at all
  crashes = 3    # so many crashes within that time bring the old version back
  keep    = 3    # versions of each plugin that stay in data/plugins beside those in use
}

# freeswitch "main" {
#   address           = "127.0.0.1:8021"
#   user              = ""
#   password          = env("ESL_PASSWORD", "ClueCon")
#   connections       = 4
#   weight            = 1 # share of new calls; 0: reserve
#   command_timeout   = "10s"
#   originate_timeout = "60s"
#   dial              = "user/{account} {called} XML default"
#   account_pattern   = "^[0-9]{3,6}$" # or accounts = ["1001", "1234"]
#   domain            = ""
#
#   recordings {
#     source = "file"
#     path   = "/var/lib/freeswitch/recordings/{uuid}.wav"
#   }
#
#   cdr {
#     token     = env("CDR_TOKEN")
#     error_dir = "/var/log/freeswitch/xml_cdr"
#     allow     = ["127.0.0.1/32"]
#   }
# }

# module "sms" {
#   enabled = true
#
#   action "send" {
#     limit = "5/s burst 20"
#   }
# }

# provider "kannel" {
#   plugin = "sms-kannel"
#   # sha256 pins the version; left out: the newest one of the folders, or what was chosen in the panel
#   sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#
#   grant {
#     capabilities = ["http", "log"]
#
#     http {
#       hosts   = ["127.0.0.1:13013"]
#       private = true
#     }
#   }
#
#   settings = {
#     url = "http://127.0.0.1:13013/cgi-bin/sendsms"
#   }
#
#   secrets = {
#     password = env("KANNEL_PASSWORD")
#   }
# }
