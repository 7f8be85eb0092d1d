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

  drain        = "30s" # how long requests in flight may take to end when the gateway stops
  drain_notice = "0s"  # before that, how long it serves but /readyz says 503: longer than the balancer's checks are apart

  # tls { # HTTP/1.1; the files may be replaced while the gateway runs
  #   certificate = "gateway.crt" # the chain, the gateway's own certificate first
  #   key         = "gateway.key"
  #   min_version = "1.2" # 1.2, 1.3
  #   hsts        = "365d" # Strict-Transport-Security; "0s": not sent
  # }

  connections {
    total       = 0     # open at a time; 0: three quarters of the process's file descriptors
    per_address = 1024  # of one address (IPv6: one /64); trusted proxies and this machine are not counted; 0: no limit
    head_time   = "10s" # for the TLS handshake, for the first byte and for the whole head of a request
    read_time   = "1m"  # for a whole request with its body
  }

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
    requests     = "90d"
    bad_requests = "90d" # for their own report; never shorter than requests
    sms          = "400d"
    calls        = "400d"
    cdr          = "400d" # call records that FreeSWITCH posts
    audit        = "1095d"
  }
}

store {
  cache   = "64MiB"
  reserve = "256MiB" # with less room on the disk the gateway answers 503 and loses nothing
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

# Rules against fraud, checked before a call or an SMS leaves; what is left out here is decided in the panel, and begins
# with these values. 0 means no limit.
#
# guard "call" {
#   mode     = "enforce"             # watch: let everything through, count and raise alarms; off
#   home     = true                  # numbers of gateway.region
#   allow    = []                    # and numbers abroad that begin so: "+375", "+7701"
#   deny     = ["+7840", "+7940"]    # never, whatever is allowed: Abkhazia is billed as abroad
#   refuse   = ["premium_rate", "shared_cost", "personal", "pager"] # types of numbers; in Russia 803 and 809 are premium_rate
#   internal = "[0-9*#]{1,6}"        # the whole dialled text of calls that cost nothing
#   users    = []                    # { user = "crm", allow = ["+44"], per_day = 100, spend = 50.5 }
#
#   user_per_minute   = 60
#   user_per_hour     = 1000
#   user_per_day      = 5000 # until midnight in gateway.time_zone
#   user_at_once      = 100
#   number_per_minute = 5
#   number_per_hour   = 20
#   number_per_day    = 50
#   number_at_once    = 5
#   prefix_per_minute = 0 # of the country, or of an entry of allow
#   prefix_per_hour   = 0
#   prefix_per_day    = 0
#   prefix_at_once    = 0
#   total_per_minute  = 0
#   total_per_hour    = 0
#   total_per_day     = 0
#   total_at_once     = 0
#
#   tariff      = "" # a line for each prefix with the price of a minute: "+7 1.20"; or file("tariff.txt")
#   currency    = "RUB"
#   minutes     = 3 # entered when a call is placed; its end corrects it
#   user_spend  = 0 # a day; then numbers without a price are refused
#   total_spend = 0
#
#   night      = ""        # "22:00-08:00": nobody is called then
#   night_zone = "gateway" # number: the time zone of the number, when it is known
#
#   refusals        = 20 # so many of one user within a minute raise an alarm
#   webhook         = "" # alarms are posted there
#   webhook_private = false
# }
#
# guard "message" {
#   refuse            = ["premium_rate", "shared_cost", "personal", "pager", "uan", "voicemail"]
#   user_per_minute   = 600
#   user_per_hour     = 10000
#   user_per_day      = 50000
#   number_per_minute = 5
#   number_per_hour   = 20
#   number_per_day    = 40
#   tariff            = "" # the price of a part of a message
# }

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
