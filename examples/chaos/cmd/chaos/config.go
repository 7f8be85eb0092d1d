package main

import "strings"

// base is the beginning of every configuration. Limits are off and guards at most
// watch: the load of a scenario is no caller who has to be slowed down.
const base = `
gateway {
  plugins         = ["{plugins}"]
  request_timeout = "{request_timeout}"
  log { level = "info" }
  {gateway}
}
trust { unsigned = "allow" }
limits {
  user   = "off"
  action = "off"
}
guard "call" { mode = "{guards}" }
guard "message" { mode = "{guards}" }
module "contact" {
  action "add" { limit = "off" }
  {contact}
}
module "sms" {
  settings = { originator = "{originator}", breaker_failures = {breaker} }
  action "send" { limit = "off" }
}
module "onlinestat" {}
module "report" {}
`

const node = `
freeswitch "main" {
  address           = "{esl}"
  account_pattern   = "^[0-9]{3,6}$"
  command_timeout   = "2s"
  originate_timeout = "4s"
  recordings {
    source = "file"
    path   = "{recordings}/{uuid}.wav"
  }
  cdr { token = "sandbox" }
}
`

// aggregator is the sandbox's plain JSON one. A silent one is given up after a
// second.
const aggregator = `
provider "aggregator" {
  plugin = "sms-http"
  grant {
    http {
      hosts   = ["{sms}"]
      private = true
    }
  }
  settings = {
    url             = "http://{sms}/api/send"
    body_kind       = "json"
    body            = "{\"to\": \"{phone_digits}\", \"from\": \"{originator}\", \"text\": \"{message}\"}"
    auth            = "bearer"
    timeout_ms      = {sms_timeout}
    accepted_when   = [{ path = "status", in = ["accepted"] }]
    refused_when    = [{ path = "status", in = ["rejected"] }]
    message_id_path = "id"
    error_paths     = ["error"]
  }
  secrets = { api_key = "sandbox-key" }
}
`

const statistics = `
provider "statistics" {
  plugin = "onlinestat-http"
  grant {
    http {
      hosts   = ["{stats}"]
      private = true
    }
  }
  settings = {
    url_get    = "http://{stats}/stats/get?project_id={project_id}"
    url_all    = "http://{stats}/stats/all"
    timeout_ms = 1000
  }
}
`

// queues takes the statistics from the queues of FreeSWITCH itself.
const queues = `
provider "queues" {
  plugin = "onlinestat-callcenter"
  grant { capabilities = ["freeswitch"] }
  settings = { projects = { "1111" = ["support@default"] } }
}
`

const crm = `
provider "demoReport" {
  plugin = "report-http"
  grant {
    http {
      hosts   = ["{crm}"]
      private = true
    }
  }
  settings = {
    url             = "http://{crm}/crm/reports/demo?from={start_day}&to={stop_day}"
    auth            = "login"
    login           = "crm"
    login_url       = "http://{crm}/crm/login"
    login_body_kind = "json"
    login_body      = "{\"login\": \"{settings.login}\", \"password\": \"{settings.password}\"}"
    rows_path       = "rows"
    timeout_ms      = 1000
    columns = [{ from = "date", to = "date" }, { from = "calls_total", to = "calls" }]
  }
  secrets = { password = "crm-secret" }
}
`

// expand replaces {name} by values; HCL's own ${…} and what is not named stay.
func expand(text string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
