package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// modules are the four modules, without the limits that the manifests propose and
// the guards begin with.
const modules = `
guard "call" {
  user_per_minute   = 0
  user_per_hour     = 0
  user_per_day      = 0
  user_at_once      = 0
  number_per_minute = 0
  number_per_hour   = 0
  number_per_day    = 0
  number_at_once    = 0
}
guard "message" {
  user_per_minute   = 0
  user_per_hour     = 0
  user_per_day      = 0
  number_per_minute = 0
  number_per_hour   = 0
  number_per_day    = 0
}
module "contact" {
  action "add" { limit = "off" }
}
module "sms" {
  settings = { originator = "FRONTLINE" }
  action "send" { limit = "off" }
}
module "onlinestat" {}
module "report" {}
`

// node is the sandbox's FreeSWITCH.
const node = `
freeswitch "main" {
  address           = "{esl}"
  account_pattern   = "^[0-9]{3,6}$"
  command_timeout   = "5s"
  originate_timeout = "10s"
  recordings {
    source = "file"
    path   = "{recordings}/{uuid}.wav"
  }
  cdr {
    token     = "sandbox"
    error_dir = "{errors}"
  }
}
`

// kannel is the sandbox's Kannel. A silent one is given up after a second.
const kannel = `
provider "kannel" {
  plugin = "sms-kannel"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
  settings = { url = "http://{sandbox}", username = "patchbay", timeout_ms = 1000 }
  secrets  = { password = "secret" }
}
`

const statistics = `
provider "statistics" {
  plugin = "onlinestat-http"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
  settings = {
    url_get = "http://{sandbox}/stats/get?project_id={project_id}"
    url_all = "http://{sandbox}/stats/all"
  }
}
`

// crm is the manual's external report: /report/demoReport.
const crm = `
provider "demoReport" {
  plugin = "report-http"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
` + crmSettings + `
  secrets = { password = "crm-secret" }
}
`

const crmSettings = `
  settings = {
    url             = "http://{sandbox}/crm/reports/demo?from={start_day}&to={stop_day}"
    auth            = "login"
    login           = "crm"
    login_url       = "http://{sandbox}/crm/login"
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
      { from = "talk_acw_min", to = "Длительность разговора + АСW, округленная, мин" },
    ]
  }
`

// base is the beginning of every configuration.
const base = `
gateway {
  plugins = ["{plugins}"]
  log { level = "debug" }
  {gateway}
}
limits {
  user   = "off"
  action = "off"
}
`

// everything is one instance of every plugin.
const everything = base + node + modules + kannel + statistics + crm + `
provider "queues" {
  plugin   = "onlinestat-callcenter"
  settings = { projects = { "1111" = ["support@default"] } }
}
` + aggregator

// aggregator is the sandbox's plain JSON one.
const aggregator = `
provider "aggregator" {
  plugin = "sms-http"
  grant {
    http {
      hosts   = ["{sandbox}"]
      private = true
    }
  }
  settings = {
    url             = "http://{sandbox}/api/send"
    body_kind       = "json"
    body            = "{\"to\": \"{phone_digits}\", \"from\": \"{originator}\", \"text\": \"{message}\"}"
    auth            = "bearer"
    timeout_ms      = 1000
    accepted_when   = [{ path = "status", in = ["accepted"] }]
    refused_when    = [{ path = "status", in = ["rejected"] }]
    message_id_path = "id"
    error_paths     = ["error"]
  }
  secrets = { api_key = "sandbox-key" }
}
`

// gateway is a running Patchbay.
type gateway struct {
	process *process
	url     string // http://127.0.0.1:port
	listen  string
	dir     string // of gateway.hcl and data
}

// launchGateway writes gateway.hcl into dir and runs the binary there. A data
// folder that is there already is taken over.
func launchGateway(dir, text, listen string, env []string) (*gateway, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "gateway.hcl")
	if text != "" {
		if err := os.WriteFile(path, []byte(expand(text, map[string]string{"gateway": ""})), 0o600); err != nil {
			return nil, err
		}
	} else {
		path = filepath.Join(root, "gateway.hcl")
	}
	where := program.Gateway{Binary: patchbay, Config: path, Data: filepath.Join(dir, "data"), Listen: listen, Cache: cache, Env: env}
	p, err := where.Start(context.Background()) // attach ends it
	if err != nil {
		return nil, err
	}
	ctx, cancel := patiently()
	defer cancel()
	address, err := program.Address(ctx, p)
	if err != nil {
		p.Kill()
		return nil, err
	}
	return &gateway{process: &process{p}, url: "http://" + address, listen: address, dir: dir}, nil
}

// waitReady returns when everything that is switched on can serve.
func (g *gateway) waitReady() error {
	ctx, cancel := patiently()
	defer cancel()
	return program.Ready(ctx, g.process.Program)
}

// sandboxWorld is a running sandbox.
type sandboxWorld struct {
	process    *process
	esl, http  string // addresses
	recordings string
	args       []string
}

// world is a gateway in front of a sandbox.
type world struct {
	*gateway
	t          testing.TB
	sandbox    *sandboxWorld
	text       string // of gateway.hcl
	token      string // of the integrator
	password   string // of the integrator
	adminToken string
	client     *http.Client
}

// newWorld starts both; config is the text of gateway.hcl with {placeholders}.
func newWorld(t testing.TB, config string, sandboxArgs ...string) *world {
	t.Helper()
	w := &world{t: t, client: newClient(t)}
	dir := t.TempDir()
	listen := freeAddress(t)
	w.sandbox = startSandbox(t, dir, append([]string{"--gateway", "http://" + listen, "--cdr-url", "/cdr/main?token=sandbox", "--speed", "20"}, sandboxArgs...)...)
	w.text = expand(config, map[string]string{
		"plugins": plugins, "esl": w.sandbox.esl, "sandbox": w.sandbox.http, "recordings": w.sandbox.recordings, "listen": listen,
		"errors": errorDir(t, dir),
	})
	w.startGateway(dir, listen)
	w.prepareUsers()
	return w
}

func errorDir(t testing.TB, dir string) string {
	t.Helper()
	errors := filepath.Join(dir, "cdr-errors")
	if err := os.MkdirAll(errors, 0o755); err != nil {
		t.Fatal(err)
	}
	return errors
}

// startGateway starts the gateway, or starts it again on the same data and port.
func (w *world) startGateway(dir, listen string) {
	w.t.Helper()
	g, err := launchGateway(dir, w.text, listen, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.gateway = g
	g.process.attach(w.t, g.end)
	if err := g.waitReady(); err != nil {
		w.t.Fatal(err)
	}
}

// end stops the gateway; one that a test has killed already may stay so.
func (g *gateway) end() error {
	select {
	case <-g.process.Done():
		return nil
	default:
		return g.process.stop()
	}
}

// startSandbox starts a sandbox on free ports and ends it with the test.
func startSandbox(t testing.TB, dir string, args ...string) *sandboxWorld {
	t.Helper()
	recordings := filepath.Join(dir, "recordings")
	s := &sandboxWorld{esl: freeAddress(t), http: freeAddress(t), recordings: recordings, args: args}
	s.start(t)
	return s
}

// start starts the sandbox, or a killed one again at the same addresses.
func (s *sandboxWorld) start(t testing.TB) {
	t.Helper()
	where := program.Sandbox{Binary: sandbox, ESL: s.esl, HTTP: s.http, Recordings: s.recordings, Args: s.args}
	p, err := where.Start(context.Background()) // attach ends it
	if err != nil {
		t.Fatal(err)
	}
	s.process = &process{p}
	s.process.attach(t, func() error { p.Kill(); return nil })
}

// history reads a list that the sandbox keeps: incidents, commands, calls or
// sms/messages.
func (s *sandboxWorld) history(t testing.TB, path string) []map[string]any {
	t.Helper()
	r, err := http.Get("http://" + s.http + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var list []map[string]any
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
		t.Fatalf("GET /%s of the sandbox: %v", path, err)
	}
	return list
}
