package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// testEnv is the machine that fixtures run on.
func testEnv() config.Env {
	vars := map[string]string{"ESL_PASSWORD": "esl-pass", "TRUE": "true", "FIVE": "5", "WORD": "word", "NOTHING": "", "CDR_TOKEN": "cdr-token"}
	files := map[string]string{
		"/etc/patchbay/secret.txt": "from-file\r\n", "/run/abs.txt": "absolute\n\n", "/etc/patchbay/long.txt": strings.Repeat("x", 65<<10),
	}
	return config.Env{
		Dir:    "/etc/patchbay",
		Getenv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		ReadFile: func(path string, limit int) ([]byte, error) {
			text, ok := files[path]
			if !ok {
				return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
			}
			return []byte(text[:min(len(text), limit+1)]), nil
		},
	}
}

const divider = "\n----------\n"

// TestFixtures compares the findings of every testdata/*.txt with the text behind its divider.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d fixtures, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			src, want, ok := strings.Cut(string(raw), divider)
			if !ok {
				t.Fatal("the fixture has no divider")
			}
			cfg, diags := config.Parse("gateway.hcl", []byte(src), testEnv())
			if (cfg == nil) != diags.HasErrors() {
				t.Errorf("config %v with errors %v", cfg != nil, diags.HasErrors())
			}
			got := diags.Error() + "\n"
			if len(diags) == 0 {
				got = "ok\n"
			}
			if os.Getenv("UPDATE_FIXTURES") != "" {
				want = got
				if err := os.WriteFile(name, []byte(src+divider+got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			for _, secret := range []string{"esl-pass", "cdr-token", "from-file"} {
				if strings.Contains(got, secret) {
					t.Errorf("the findings show the secret %q", secret)
				}
			}
		})
	}
}

func parse(t *testing.T, src string) *config.Config {
	t.Helper()
	cfg, diags := config.Parse("gateway.hcl", []byte(src), testEnv())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return cfg
}

func readExample(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("testdata/full.hcl")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// TestFull checks every value of a file that sets everything.
func TestFull(t *testing.T) {
	cfg := parse(t, readExample(t))
	if cfg.Gateway.TimeZone.String() != "Asia/Novosibirsk" {
		t.Errorf("time zone %v", cfg.Gateway.TimeZone)
	}
	got, err := json.MarshalIndent(cfg, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_FIXTURES") != "" {
		if err := os.WriteFile("testdata/full.json", append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("got %s", got)
	}

	kannel, ok := cfg.FindProvider("kannel")
	if !ok {
		t.Fatal("provider kannel is lost")
	}
	wantSettings := map[string]any{
		"url": "http://127.0.0.1:13013/cgi-bin/sendsms", "retries": int64(3), "ratio": 0.5, "utf8": true, "nothing": nil, "offset": int64(-7),
		"routes": []any{map[string]any{"prefix": "79", "cost": 1.25}, map[string]any{"prefix": "7.9"}}, "sender id": "word",
		"text": "line one\nline two\n",
	}
	if !reflect.DeepEqual(kannel.Settings, wantSettings) {
		t.Errorf("settings %#v", kannel.Settings)
	}
	if got := kannel.Secrets["password"].Reveal(); got != "from-file" {
		t.Errorf("secret %q: the newline at the end of the file must go", got)
	}
	fs := cfg.FreeSWITCH[0]
	if fs.Password.Reveal() != "esl-pass" || fs.CDR.Token.Reveal() != "cdr-token" {
		t.Error("a secret is lost")
	}
}

func TestDefault(t *testing.T) {
	cfg := config.Default()
	parsed, diags := config.Parse("gateway.hcl", nil, config.Env{})
	if len(diags) != 0 {
		t.Fatalf("the defaults have findings: %v", diags)
	}
	// Equal zones are not deeply equal: they remember when they were loaded.
	if cfg.Gateway.TimeZone.String() != parsed.Gateway.TimeZone.String() {
		t.Errorf("time zones %v, %v", cfg.Gateway.TimeZone, parsed.Gateway.TimeZone)
	}
	cfg.Gateway.TimeZone = parsed.Gateway.TimeZone
	if !reflect.DeepEqual(cfg, parsed) {
		t.Errorf("an empty file gives %+v, Default gives %+v", parsed, cfg)
	}
	// A default that is left out of default.hcl would be a zero.
	if cfg.Gateway.Listen != "127.0.0.1:8080" || cfg.Gateway.Data != "data" || cfg.Gateway.TimeZone.String() != "Europe/Moscow" ||
		cfg.Gateway.BodyLimit != 1<<20 || cfg.Gateway.RequestTimeout != 30*time.Second || cfg.Gateway.TLS != nil ||
		cfg.Gateway.CORS.MaxAge != 10*time.Minute || cfg.Gateway.Log != (config.Log{Level: "info", Format: "text"}) ||
		cfg.Auth.TokenIdle != 24*time.Hour || cfg.Auth.TokenLifetime != 720*time.Hour || cfg.Auth.TokensPerUser != 100 ||
		cfg.Auth.Login != (config.Login{Attempts: 5, Window: 15 * time.Minute}) ||
		cfg.Auth.Argon2 != (config.Argon2{Memory: 19 << 20, Time: 2, Parallelism: 1}) ||
		cfg.Limits.User != (config.Rate{Count: 100, Per: time.Second, Burst: 100}) || cfg.Limits.Action.IsZero() ||
		cfg.Journal.Durability != "process" || cfg.Journal.Body != "masked" || cfg.Journal.Phones != "full" || cfg.Journal.Messages != "full" ||
		cfg.Journal.Retention.SMS != 400*24*time.Hour || cfg.Journal.Retention.Requests == 0 || cfg.Journal.Retention.Calls == 0 ||
		cfg.Journal.Retention.Audit != 1095*24*time.Hour || cfg.Store.Cache != 64<<20 {
		t.Errorf("defaults %+v", cfg)
	}
	if cfg.IsSet("gateway.listen") || cfg.IsSet("gateway") {
		t.Error("defaults do not count as set in the file")
	}
}

// TestDefaultExamples uncomments the examples of default.hcl and parses them: documentation that must stay true.
func TestDefaultExamples(t *testing.T) {
	src, err := os.ReadFile("default.hcl")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	examples := 0
	for line := range strings.Lines(string(src)) {
		trimmed := strings.TrimLeft(line, " ")
		if rest, ok := strings.CutPrefix(trimmed, "# "); ok && strings.ContainsAny(rest, "={}") && !strings.HasPrefix(rest, "Values") {
			line = rest
			examples++
		}
		lines = append(lines, line)
	}
	env := testEnv()
	env.Getenv = func(string) (string, bool) { return "x", true }
	cfg, diags := config.Parse("default.hcl", []byte(strings.Join(lines, "")), env)
	if len(diags) != 0 {
		t.Fatal(diags)
	}
	if examples < 30 || len(cfg.FreeSWITCH) != 1 || len(cfg.Modules) != 1 || len(cfg.Providers) != 1 || cfg.Gateway.TLS == nil {
		t.Errorf("%d lines of examples gave %+v", examples, cfg)
	}
}

func TestRelativePaths(t *testing.T) {
	cfg := parse(t, "")
	if cfg.Gateway.Data != "/etc/patchbay/data" || cfg.Gateway.Plugins[0] != "/etc/patchbay/build/plugins" {
		t.Errorf("default paths %q, %q must start from the folder of the file", cfg.Gateway.Data, cfg.Gateway.Plugins)
	}
	cfg = parse(t, `gateway {
	data = "../x"
	plugins = ["/abs", "p"]
	}`)
	if cfg.Gateway.Data != "/etc/x" || !reflect.DeepEqual(cfg.Gateway.Plugins, []string{"/abs", "/etc/patchbay/p"}) {
		t.Errorf("paths %q, %q", cfg.Gateway.Data, cfg.Gateway.Plugins)
	}
}

func TestIsSetAndLocate(t *testing.T) {
	cfg := parse(t, readExample(t))
	lines := strings.Split(readExample(t), "\n")
	for path, want := range map[string]string{ // the line that the path is on
		"gateway":                                     `gateway {`,
		"gateway.log.level":                           `level  = "debug"`,
		"module.sms":                                  `module "sms" {`,
		"module.sms.enabled":                          `enabled  = false`,
		"module.sms.action.send.limit":                `limit   = "5/s burst 20"`,
		"provider.kannel.settings.url":                `url     = "http://127.0.0.1:13013/cgi-bin/sendsms"`,
		"provider.kannel.settings.routes.1.prefix":    `{ "prefix" = "7.9" },`,
		"provider.kannel.settings.sender id":          `"sender id" = env("WORD")`,
		"provider.kannel.secrets.password":            `password = file("secret.txt")`,
		"provider.kannel.grant.http.private":          `private = true`,
		"freeswitch.main.cdr.token":                   `token     = env("CDR_TOKEN")`,
		config.JoinPath("gateway", "log", "format"):   `format = "json"`,
		"module.contact.settings." + `dotted\.key.in`: `"dotted.key" = { in = 1 }`,
	} {
		at, ok := cfg.Locate(path)
		if !cfg.IsSet(path) || !ok || strings.TrimSpace(lines[at.Line-1]) != want || at.File != "gateway.hcl" {
			t.Errorf("%s: set %v, found %v at %v", path, cfg.IsSet(path), ok, at)
		}
	}
	for _, path := range []string{"", "gateway.tls.other", "module.contact.plugin", "module.unknown", "provider.kannel.settings.routes.2", "module.contact.settings.dotted"} {
		if cfg.IsSet(path) {
			t.Errorf("%q counts as set", path)
		}
	}
	// A key that is missing belongs to the object that should hold it.
	parent, _ := cfg.Locate("provider.kannel.settings")
	if at, ok := cfg.Locate("provider.kannel.settings.missing.deep"); !ok || at != parent {
		t.Errorf("a missing setting is located at %v, want %v", at, parent)
	}
	if at, ok := cfg.Locate("nowhere.at.all"); ok {
		t.Errorf("nothing is located at %v", at)
	}
}

func TestOverride(t *testing.T) {
	base := parse(t, "")
	got, diags := base.With(config.Override{Listen: ":9000", Data: "/elsewhere"})
	if len(diags) != 0 || got.Gateway.Listen != ":9000" || got.Gateway.Data != "/elsewhere" || !got.IsSet("gateway.listen") || !got.IsSet("gateway.data") {
		t.Errorf("got %+v, %v", got, diags)
	}
	if at, _ := got.Locate("gateway.listen"); at.String() != "--listen" {
		t.Errorf("located at %v", at)
	}
	if base.Gateway.Listen != "127.0.0.1:8080" || base.IsSet("gateway.listen") {
		t.Error("With changed the original")
	}
	if got, diags := base.With(config.Override{Listen: "nonsense"}); got != nil || !diags.HasErrors() || !strings.HasPrefix(diags.Error(), "--listen: error: ") {
		t.Errorf("a bad --listen gives %v, %v", got, diags)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.hcl")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pass", "top\n")
	write("gateway.hcl", "freeswitch \"main\" {\n  password = file(\"pass\")\n  accounts = [\"1001\"]\n}\n")
	cfg, diags := config.Load(path)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	if cfg.FreeSWITCH[0].Password.Reveal() != "top" || cfg.Gateway.Data != filepath.Join(dir, "data") {
		t.Errorf("got %+v", cfg)
	}

	write("gateway.hcl", "gateway {\n  data = file(\".\")\n}\n")
	if _, diags := config.Load(path); !strings.Contains(diags.Error(), "not a regular file") {
		t.Errorf("a folder as file gives %v", diags)
	}
	_, diags = config.Load(filepath.Join(dir, "none.hcl"))
	if ds, ok := errors.AsType[config.Diagnostics](diags.Err()); !ok || len(ds) != 1 || !strings.Contains(ds[0].Summary, "does not exist") {
		t.Errorf("a missing file gives %v", diags)
	}
	write("gateway.hcl", strings.Repeat("# long\n", 200_000))
	if _, diags = config.Load(path); !diags.HasErrors() {
		t.Error("a file over the limit is accepted")
	}
}

// TestDeepInput proves that hostile nesting is refused instead of overflowing the stack, which nothing can recover from.
func TestDeepInput(t *testing.T) {
	const n = 50_000
	for name, src := range map[string]string{
		"brackets":       "x = " + strings.Repeat("[", n),
		"objects":        "x = " + strings.Repeat("{a=", n),
		"blocks":         strings.Repeat("a {\n", n),
		"parentheses":    "x = " + strings.Repeat("(", n),
		"minus":          "x = " + strings.Repeat("-", n) + "1",
		"not":            "x = " + strings.Repeat("! ", n) + "true",
		"conditions":     "x = " + strings.Repeat("1?1:", n) + "1",
		"templates":      "x = " + strings.Repeat(`"${`, n),
		"comments":       "x = (" + strings.Repeat("-/**/", n) + "1)",
		"sums":           "x = 1" + strings.Repeat("+1", n),
		"traversal":      "x = a" + strings.Repeat(".a", n),
		"heredocs":       "x = " + strings.Repeat("<<A\n${", n/2),
		"control":        "x = \"" + strings.Repeat("%{if true}", n/2),
		"interpolations": "x = \"" + strings.Repeat("${a}", n/2) + "\"",
		"index":          "x = a" + strings.Repeat("[0]", n),
		"legacy index":   "x = a" + strings.Repeat(".0", n),
	} {
		t.Run(name, func(t *testing.T) {
			if cfg, diags := config.Parse("x.hcl", []byte(src), config.Env{}); cfg != nil || !diags.HasErrors() {
				t.Error("accepted")
			}
		})
	}
}

// TestResultsShareNothing: two results must not share maps or slices, or a reload would change what is in use.
func TestResultsShareNothing(t *testing.T) {
	a, b := parse(t, readExample(t)), parse(t, readExample(t))
	if a.Gateway.TimeZone = b.Gateway.TimeZone; !reflect.DeepEqual(a.Gateway, b.Gateway) {
		t.Fatal("the same file gives different results")
	}
	a.Gateway.Plugins[0] = "changed"
	clear(a.Providers[0].Settings)
	if b.Gateway.Plugins[0] == "changed" || len(b.Providers[0].Settings) == 0 {
		t.Error("two results share memory")
	}
	if c := config.Default(); c.Gateway.Plugins[0] != "build/plugins" {
		t.Error("the defaults were changed through a result")
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txt", "testdata/*.hcl", "default.hcl"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			text, _, _ := strings.Cut(string(src), divider)
			f.Add(text)
		}
	}
	for _, s := range []string{"\ufeffgateway {}", "\x00", "a = <<X\n", "gateway { listen = \"${\"", "module \"\" {}", "x = 1e999999999", "provider \"p\" {\nsettings = {a = 1e400}\n}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		cfg, diags := config.Parse("fuzz.hcl", []byte(src), testEnv())
		if (cfg == nil) != diags.HasErrors() {
			t.Fatalf("config %v with findings %v", cfg != nil, diags)
		}
		for _, d := range diags {
			if d.Summary == "" || d.Range.File != "fuzz.hcl" {
				t.Fatalf("finding without summary or place: %+v", d)
			}
		}
		if cfg == nil {
			return
		}
		if _, err := json.Marshal(cfg); err != nil {
			t.Fatalf("the result cannot be encoded: %v", err)
		}
		again, _ := config.Parse("fuzz.hcl", []byte(src), testEnv())
		if !maps.EqualFunc(pluginSettings(cfg), pluginSettings(again), func(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatal("the same source gives two results")
		}
	})
}

func pluginSettings(c *config.Config) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, p := range c.Providers {
		all[p.Name] = p.Settings
	}
	return all
}
