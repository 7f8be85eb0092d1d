package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/logging"
)

func at() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// setUp returns a logger on trace level and what it has written.
func setUp(t *testing.T, format string, adjust ...func(*logging.Options)) (hclog.Logger, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	o := logging.Options{Level: "trace", Format: format, Output: &out, Now: at}
	for _, fn := range adjust {
		fn(&o)
	}
	log, err := logging.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return log, &out
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []logging.Options{{Level: "loud"}, {Format: "xml"}, {Level: " "}} {
		if _, err := logging.New(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if log, err := logging.New(logging.Options{}); err != nil || log.GetLevel() != hclog.Info {
		t.Errorf("the defaults give %v, %v", log, err)
	}
}

func TestFormats(t *testing.T) {
	log, out := setUp(t, "text")
	logging.WithRequest(log, "r-1").Named("auth").Info("logged in", "user", "alice", "n", 5)
	if got, want := out.String(), "2026-03-01T12:00:00.000Z [INFO]  auth: logged in: request=r-1 user=alice n=5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	log, out = setUp(t, "json")
	logging.WithPlugin(log, "sms").Warn("slow", "took", time.Second)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if line["@message"] != "slow" || line["plugin"] != "sms" || line["@level"] != "warn" || line["@module"] != "plugin" {
		t.Errorf("got %v", line)
	}
}

func TestLevels(t *testing.T) {
	tail := logging.NewTail(10, 10)
	log, out := setUp(t, "text", func(o *logging.Options) { o.Level, o.Sink = "warn", tail })
	child := log.Named("child")
	child.Info("hidden")
	log.Debug("hidden")
	if out.Len() != 0 || len(tail.Entries("", 0)) != 0 {
		t.Errorf("logged below the level: %s", out)
	}
	log.SetLevel(hclog.Debug) // also for loggers that exist
	child.Debug("shown")
	if !strings.Contains(out.String(), "shown") || !child.IsDebug() || child.IsTrace() || len(tail.Entries("", 0)) != 1 {
		t.Errorf("got %s", out)
	}
	log.SetLevel(hclog.Off)
	log.Error("hidden")
	if strings.Contains(out.String(), "hidden") {
		t.Errorf("got %s", out)
	}
}

type hasString struct{ text string }

func (h hasString) String() string { return h.text }

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// TestNothingForgesALine: whatever comes in, in whatever place, one call writes one line of harmless characters.
func TestNothingForgesALine(t *testing.T) {
	const evil = "x\r\n2026-03-01T12:00:00.000Z [INFO]  forged: \x1b[31mred\x00\x7f\u0085\u2028\u202eback\xff\xc3("
	type fields struct{ Text string }
	calls := map[string]func(hclog.Logger){
		"message":  func(l hclog.Logger) { l.Info(evil) },
		"value":    func(l hclog.Logger) { l.Info("m", "k", evil) },
		"key":      func(l hclog.Logger) { l.Info("m", evil, "v") },
		"odd key":  func(l hclog.Logger) { l.Info("m", fields{evil}, "v") },
		"no key":   func(l hclog.Logger) { l.Info("m", "k", "v", evil) },
		"error":    func(l hclog.Logger) { l.Info("m", "error", fmt.Errorf("a: %w", errors.New(evil))) },
		"stringer": func(l hclog.Logger) { l.Info("m", "k", hasString{evil}) },
		"bytes":    func(l hclog.Logger) { l.Info("m", "k", []byte(evil)) },
		"format":   func(l hclog.Logger) { l.Info("m", "k", hclog.Fmt("%s", evil)) },
		"quote":    func(l hclog.Logger) { l.Info("m", "k", hclog.Quote(evil)) },
		"list":     func(l hclog.Logger) { l.Info("m", "k", []string{"a", evil}) },
		"any list": func(l hclog.Logger) { l.Info("m", "k", []any{evil, 1}) },
		"map":      func(l hclog.Logger) { l.Info("m", "k", map[string]any{evil: evil}) },
		"struct":   func(l hclog.Logger) { l.Info("m", "k", fields{evil}) },
		"pointer":  func(l hclog.Logger) { l.Info("m", "k", &fields{evil}) },
		"name":     func(l hclog.Logger) { l.Named(evil).Info("m") },
		"reset":    func(l hclog.Logger) { l.ResetNamed(evil).Info("m") },
		"with":     func(l hclog.Logger) { l.With("k", evil, evil, "v", "odd").Info("m") },
		"request":  func(l hclog.Logger) { logging.WithRequest(l, evil).Info("m") },
		"std":      func(l hclog.Logger) { l.StandardLogger(nil).Print(evil) },
		"writer": func(l hclog.Logger) {
			_, _ = l.StandardWriter(&hclog.StandardLoggerOptions{InferLevels: true}).Write([]byte("[WARN] " + evil))
		},
	}
	for name, call := range calls {
		for _, format := range []string{"text", "json"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				log, out := setUp(t, format)
				call(log)
				got := out.String()
				if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
					t.Errorf("%d lines: %q", strings.Count(got, "\n"), got)
				}
				if !utf8.ValidString(got) || strings.ContainsFunc(strings.TrimSuffix(got, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("harmful characters: %q", got)
				}
				if !strings.Contains(got, "forged") {
					t.Errorf("the text itself is lost: %q", got)
				}
			})
		}
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	const secret = "hunter2hunter2"
	type login struct {
		Login    string
		Password string `json:"password"`
	}
	calls := map[string]func(hclog.Logger){
		"password": func(l hclog.Logger) { l.Info("m", "password", secret) },
		"bytes":    func(l hclog.Logger) { l.Info("m", "esl_password", []byte(secret)) },
		"token":    func(l hclog.Logger) { l.Info("m", "access_token", secret, "Token", secret, "accessToken", secret) },
		"header": func(l hclog.Logger) {
			l.Info("m", "Authorization", "Bearer "+secret, "X-Api-Key", secret, "Set-Cookie", secret)
		},
		"headers": func(l hclog.Logger) {
			l.Info("m", "header", http.Header{"Authorization": {secret}, "Cookie": {secret}})
		},
		"map": func(l hclog.Logger) {
			l.Info("m", "body", map[string]any{"a": []any{map[string]string{"client_secret": secret}}})
		},
		"struct":      func(l hclog.Logger) { l.Info("m", "body", login{"a", secret}) },
		"pointer":     func(l hclog.Logger) { l.Info("m", "body", []*login{{"a", secret}}) },
		"with":        func(l hclog.Logger) { l.With("secret", secret).Info("m") },
		"url":         func(l hclog.Logger) { l.Info("m", "url", "https://user:"+secret+"@host/?token="+secret+"&x=1") },
		"error":       func(l hclog.Logger) { l.Info("m", "error", errors.New(`Get "https://h/?password=`+secret+`": EOF`)) },
		"json":        func(l hclog.Logger) { l.Info(`got {"login":"a","password": "` + secret + `"}`) },
		"bearer text": func(l hclog.Logger) { l.Info("sent Authorization: Bearer " + secret) },
		"go text":     func(l hclog.Logger) { l.Info(fmt.Sprintf("%+v", login{"a", secret})) },
		"escaped":     func(l hclog.Logger) { l.Info("m", "body", `{\"access_token\":\"`+secret+`\"}`) },
		"std":         func(l hclog.Logger) { l.StandardLogger(nil).Printf("token=%s", secret) },
	}
	for name, call := range calls {
		for _, format := range []string{"text", "json"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				tail := logging.NewTail(10, 10)
				log, out := setUp(t, format, func(o *logging.Options) { o.Sink = tail })
				call(log)
				got := out.String() + fmt.Sprint(tail.Entries("", 0))
				if strings.Contains(got, "hunter") || strings.Count(got, logging.Redacted) < 2 {
					t.Errorf("got %s", got)
				}
			})
		}
	}
	log, out := setUp(t, "text")
	log.Info("invalid token: unexpected end", "token_id", "abc", "tokens", 3, "author", "bob", "queue", "support", "url", "http://h:80/x?a=b")
	for _, keep := range []string{"invalid token: unexpected end", "token_id=abc", "tokens=3", "author=bob", "queue=support", "http://h:80/x?a=b"} {
		if !strings.Contains(out.String(), keep) {
			t.Errorf("%s lacks %q", out, keep)
		}
	}
}

func TestPhonesAreMasked(t *testing.T) {
	log, out := setUp(t, "text")
	log.Info("call", "called_number", "+79161234567", "phone", 79161234567, "caller_number", "1001", "line", "79161234567", "number", "8 (916) 123-45-67")
	got := out.String()
	for _, want := range []string{`called_number="+7916***67"`, `phone="7916***67"`, "caller_number=1001", "line=79161234567", `number="8 (9***67"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	log, out = setUp(t, "text", func(o *logging.Options) { o.FullPhones = true })
	log.Info("call", "called_number", "+79161234567")
	if !strings.Contains(out.String(), "+79161234567") {
		t.Errorf("got %s", out)
	}
	for in, want := range map[string]string{"": "", "1234567": "123***67", "+7": "+7", "not a number 1234567": "not a number 1234567", "+74951234567": "+7495***67"} {
		if got := logging.MaskPhone(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestOddValues(t *testing.T) {
	log, out := setUp(t, "text")
	var typed *nilError
	var cyclic []any
	cyclic = append(cyclic, &cyclic)
	deep := any("end")
	for range 100 {
		deep = map[string]any{"d": deep}
	}
	log.Info("m", "nil", nil, "typed", typed, "chan", make(chan int), "func", func() {}, "cyclic", cyclic, "deep", deep,
		"long", strings.Repeat("я", 10_000), "many", make([]int, 10_000), 5, "int key", "bool", true, "f", 1.5)
	log.Info(strings.Repeat("z", 1<<20))
	if out.Len() > 16<<10 || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%d bytes, %d lines", out.Len(), strings.Count(out.String(), "\n"))
	}
	for _, want := range []string{"nil=<nil>", `typed="(unprintable)"`, `5="int key"`, "bool=true", "f=1.5", "bytes more)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%.3000s lacks %s", out, want)
		}
	}
}

func TestStandardWriterLevels(t *testing.T) {
	for _, tt := range []struct {
		opts  *hclog.StandardLoggerOptions
		line  string
		level string
	}{
		{nil, "[ERROR] x", "[INFO]  [ERROR] x"},
		{&hclog.StandardLoggerOptions{InferLevels: true}, "[ERROR] x", "[ERROR] x"},
		{&hclog.StandardLoggerOptions{InferLevels: true}, "plain", "[INFO]  plain"},
		{&hclog.StandardLoggerOptions{InferLevels: true, ForceLevel: hclog.Warn}, "x", "[WARN]  x"},
	} {
		log, out := setUp(t, "text")
		log.StandardLogger(tt.opts).Println(tt.line)
		if !strings.HasSuffix(out.String(), " "+tt.level+"\n") {
			t.Errorf("%+v: got %q, want %q", tt.opts, out, tt.level)
		}
	}
}

func TestTail(t *testing.T) {
	tail := logging.NewTail(3, 2)
	log, _ := setUp(t, "text", func(o *logging.Options) { o.Sink = tail })
	sms := logging.WithRequest(logging.WithPlugin(log, "sms"), "r-7")
	for i := range 5 {
		sms.Info(fmt.Sprint("n", i), "i", i)
	}
	got := tail.Entries("sms", 0)
	if len(got) != 3 || got[0].Message != "n2" || got[2].Message != "n4" {
		t.Fatalf("got %+v", got)
	}
	e := got[0]
	if e.Plugin != "sms" || e.Request != "r-7" || e.Level != "info" || !e.Time.Equal(at()) || e.Logger != "plugin" ||
		len(e.Fields) != 1 || e.Fields[0] != (logging.Field{Key: "i", Value: "2"}) {
		t.Errorf("got %+v", e)
	}
	if rest := tail.Entries("sms", got[1].Seq); len(rest) != 1 || rest[0].Message != "n4" {
		t.Errorf("after the second: %+v", rest)
	}
	if rest := tail.Entries("sms", got[2].Seq); len(rest) != 0 {
		t.Errorf("after the last: %+v", rest)
	}
	log.Warn("core")
	sms.Info("again")
	logging.WithPlugin(log, "report").Info("new") // the third one: "" has been silent for longest
	if names := fmt.Sprint(tail.Plugins()); names != "[report sms]" {
		t.Errorf("got %s", names)
	}
	tail.Forget("sms")
	if len(tail.Entries("sms", 0)) != 0 || len(tail.Plugins()) != 1 {
		t.Error("forgotten entries are still there")
	}
}

// TestConcurrent: lines of many goroutines never mix, and the tail keeps their order.
func TestConcurrent(t *testing.T) {
	tail := logging.NewTail(50, 8)
	log, out := setUp(t, "json", func(o *logging.Options) { o.Sink = tail })
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			l := logging.WithPlugin(log, fmt.Sprint("p", g))
			for i := range 200 {
				logging.WithRequest(l, fmt.Sprint(i)).Info("m", "i", i)
				if entries := tail.Entries("p0", 0); len(entries) > 50 {
					t.Errorf("%d entries", len(entries))
				}
			}
		})
	}
	wg.Wait()
	lines := 0
	for line := range strings.Lines(out.String()) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %q", line)
		}
	}
	if lines != 800 {
		t.Errorf("%d lines", lines)
	}
	entries := tail.Entries("p3", 0)
	if len(entries) != 50 || entries[49].Request != "199" {
		t.Errorf("the tail ends with %+v", entries[len(entries)-1])
	}
}

// FuzzLine: any message, key and value give one clean line, in JSON a valid one.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "a=b", "x\ny", "\xff", "password=1", `"`, "\u202e", "k: v", strings.Repeat("я", 5000), "Bearer abcdefgh", "://a:b@"} {
		f.Add(s, "key", s)
		f.Add("m", s, "v")
	}
	f.Fuzz(func(t *testing.T, msg, key, value string) {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			log, err := logging.New(logging.Options{Format: format, Output: &out, Now: at})
			if err != nil {
				t.Fatal(err)
			}
			log.Info(msg, key, value, "error", errors.New(value))
			got := strings.TrimSuffix(out.String(), "\n")
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%s: %q", format, got)
			}
			if format == "json" && !json.Valid([]byte(got)) {
				t.Fatalf("not JSON: %q", got)
			}
		}
	})
}
