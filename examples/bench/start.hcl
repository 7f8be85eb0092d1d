# Every plugin of the repository configured at once, to measure a start. Nothing
# here needs to be reachable: plugins connect when they are asked.

gateway {
  listen  = "127.0.0.1:0"
  data    = env("PATCHBAY_BENCH_DATA")
  plugins = [env("PATCHBAY_PLUGINS")]
}

module "contact" {}
module "sms" {}
module "onlinestat" {}
module "report" {}

provider "aggregator" {
  plugin   = "sms-http"
  settings = { url = "http://127.0.0.1:9/send?to={phone}&text={message}" }

  grant {
    http {
      hosts   = ["127.0.0.1:9"]
      private = true
    }
  }
}

provider "kannel" {
  plugin   = "sms-kannel"
  settings = { url = "http://127.0.0.1:9", username = "bench" }
  secrets  = { password = "bench" }

  grant {
    http {
      hosts   = ["127.0.0.1:9"]
      private = true
    }
  }
}

provider "aero" {
  plugin   = "sms-aero"
  settings = { email = "bench@example.com", sender = "BENCH" }
  secrets  = { api_key = "bench" }
}

provider "exolve" {
  plugin   = "sms-exolve"
  settings = { sender = "79190000000" }
  secrets  = { api_key = "bench" }
}

provider "smsc" {
  plugin   = "sms-smsc"
  settings = { login = "bench" }
  secrets  = { password = "bench" }
}

provider "smsru" {
  plugin  = "sms-smsru"
  secrets = { api_id = "bench" }
}

provider "twilio" {
  plugin   = "sms-twilio"
  settings = { account_sid = "AC00000000000000000000000000000000", sender = "+15005550006" }
  secrets  = { auth_token = "bench" }
}

provider "statistics" {
  plugin   = "onlinestat-http"
  settings = { url_get = "http://127.0.0.1:9/get?project={project_id}", url_all = "http://127.0.0.1:9/all" }

  grant {
    http {
      hosts   = ["127.0.0.1:9"]
      private = true
    }
  }
}

provider "callcenter" {
  plugin   = "onlinestat-callcenter"
  settings = { projects = { "1" = ["support@default"] } }
}

provider "warehouse" {
  plugin   = "report-http"
  settings = { url = "http://127.0.0.1:9/rows" }

  grant {
    http {
      hosts   = ["127.0.0.1:9"]
      private = true
    }
  }
}
