# The configuration that `make run` uses: the gateway in front of the sandbox.
# Every key with its default is in core/internal/config/default.hcl; what is set
# here is locked for the panel.

gateway {
  listen     = "127.0.0.1:8080"
  public_url = "http://${env("PATCHBAY_LISTEN", "127.0.0.1:8080")}" # where aggregators send receipts
  data       = "data"
  time_zone  = "Europe/Moscow"
  plugins    = ["build/plugins"]
}

# Whoever runs this trusts what `make` has just built here.
trust {
  unsigned = "allow"
}

freeswitch "main" {
  address         = env("PATCHBAY_ESL", "127.0.0.1:8021")
  password        = env("PATCHBAY_ESL_PASSWORD", "ClueCon")
  account_pattern = "^[0-9]{3,6}$"

  recordings {
    source = "file"
    path   = env("PATCHBAY_RECORDINGS", "data/recordings/{uuid}.wav")
  }

  cdr {
    token = env("PATCHBAY_CDR_TOKEN", "sandbox")
    allow = ["127.0.0.1/32"]
  }
}

module "contact" {}

module "sms" {
  settings = {
    originator = "FRONTLINE"
  }
}

module "onlinestat" {}

module "report" {}

# An SMS aggregator: the sandbox plays Kannel.
provider "kannel" {
  plugin = "sms-kannel"

  grant {
    http {
      hosts   = [env("PATCHBAY_SANDBOX", "127.0.0.1:8090")]
      private = true # the sandbox is on this machine
    }
  }

  settings = {
    url      = "http://${env("PATCHBAY_SANDBOX", "127.0.0.1:8090")}"
    username = "patchbay"
  }

  secrets = {
    password = env("PATCHBAY_KANNEL_PASSWORD", "secret")
  }
}

# The online statistics server. The manual shows project 1111 with other figures
# in `get` than in `all`; so does the sandbox, at two addresses.
provider "statistics" {
  plugin = "onlinestat-http"

  grant {
    http {
      hosts   = [env("PATCHBAY_SANDBOX", "127.0.0.1:8090")]
      private = true
    }
  }

  settings = {
    url_get = "http://${env("PATCHBAY_SANDBOX", "127.0.0.1:8090")}/stats/get?project_id={project_id}"
    url_all = "http://${env("PATCHBAY_SANDBOX", "127.0.0.1:8090")}/stats/all"
  }
}

# A report of the external CRM: the name of the instance is the action,
# /report/demoReport. Another block with another name is another report.
provider "demoReport" {
  plugin = "report-http"

  grant {
    http {
      hosts   = [env("PATCHBAY_SANDBOX", "127.0.0.1:8090")]
      private = true
    }
  }

  settings = {
    url             = "http://${env("PATCHBAY_SANDBOX", "127.0.0.1:8090")}/crm/reports/demo?from={start_day}&to={stop_day}"
    auth            = "login"
    login           = "crm"
    login_url       = "http://${env("PATCHBAY_SANDBOX", "127.0.0.1:8090")}/crm/login"
    login_body_kind = "json"
    login_body      = "{\"login\": \"{settings.login}\", \"password\": \"{settings.password}\"}"
    rows_path       = "rows"
    columns = [
      { from = "date", to = "Дата" },
      { from = "weekday", to = "День недели" },
      { from = "project_id", to = "Id проекта" },
      { from = "number", to = "Номер" },
      { from = "calls_total", to = "Общее число вызовов на номерах" },
      { from = "calls_rejected", to = "Число отбоев (не попали в очередь)" },
      { from = "calls_queued", to = "Общее число вызовов в очереди" },
      { from = "queue_wait_avg", to = "Средняя длительность ожидания в очереди, сек" },
      { from = "calls_lost", to = "Число потерянных вызовов (ушли из очереди)" },
      { from = "calls_served", to = "Число обслуженных вызовов в очереди" },
      { from = "sl", to = "Уровень обслуживания \"SL\", %" },
      { from = "ar", to = "Процент потерянных вызовов \"AR\", %" },
      { from = "aht", to = "Среднее время обслуживания вызова \"АНТ\", мин" },
      { from = "asa", to = "Средняя скорость ответа \"ASA\", сек" },
      { from = "served_20", to = "Число обслуженных вызовов при ожидании в очереди менее 20 секунд" },
      { from = "lost_20", to = "Число потерянных вызовов при ожидании в очереди менее 20 секунд" },
      { from = "answer_delay_max", to = "Максимальная задержка с ответом, сек" },
      { from = "att", to = "Среднее время разговора \"АТТ\", сек" },
      { from = "hold_avg", to = "Среднее время HOLD, сек" },
      { from = "acw", to = "Среднее время поствызывной обработки \"АСW\", сек" },
      { from = "talk_acw_min", to = "Длительность разговора + АСW, округленная, мин" }
    ]
  }

  secrets = {
    password = env("PATCHBAY_CRM_PASSWORD", "crm-secret")
  }
}
