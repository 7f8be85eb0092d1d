package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const phone = `{"phone":"+79190001234"}`

// TestErrorTable is the table of the API contract, row by row: the answer, and the
// record that tells the same.
func TestErrorTable(t *testing.T) {
	plugin := func(e abi.Error) runner { return fails(fmt.Errorf("task: %w", &e)) }
	rows := []struct {
		name   string
		run    runner
		path   string // /sms/send
		method string // POST
		body   string // with a phone
		header []string
		token  string // of crm; "-" for none

		status int
		want   string // of the text; "<id>" stands for the error id
		reason string
		retry  string
	}{
		{name: "no token", token: "-", status: 401, want: `{"error":"Unauthorized!"}`, reason: "no valid token"},
		{name: "unknown token", token: strings.Repeat("0", 32), status: 401, want: `{"error":"Unauthorized!"}`, reason: "no valid token"},
		{name: "another scheme", token: "-", header: []string{"Authorization", "Basic eDp5"}, status: 401, want: `{"error":"Unauthorized!"}`, reason: "no valid token"},
		{name: "unknown action", path: "/sms/nosuch", status: 405, want: `{"error":"Access denied!"}`, reason: "no such action"},
		{name: "unknown module", path: "/nosuch/send", status: 405, want: `{"error":"Access denied!"}`, reason: "no such action"},
		{name: "GET of an action that changes something", method: "GET", path: "/sms/send?phone=1", status: 405, want: `{"error":"Access denied!"}`, reason: "method GET is not allowed"},
		{name: "missing", body: `{}`, status: 419, want: `{"error":"Empty phone!"}`},
		{name: "no body", body: ` `, status: 419, want: `{"error":"Empty phone!"}`},
		{name: "no JSON", body: `{"phone"`, status: 420, want: `{"error":"Invalid JSON!"}`},
		{name: "an array", body: `[]`, status: 420, want: `{"error":"Invalid JSON!"}`},
		{name: "unacceptable", body: `{"phone":["1"]}`, status: 422, want: `{"error":"Invalid phone!"}`},
		{name: "multipart", header: []string{"Content-Type", "multipart/form-data"}, status: 415, want: `{"error":"Unsupported content type!"}`},
		{name: "compressed", header: []string{"Content-Encoding", "gzip"}, status: 415, want: `{"error":"Unsupported content type!"}`},
		{name: "plugin: empty", run: plugin(abi.Error{Code: abi.CodeEmpty, Message: "queue"}), status: 419, want: `{"error":"Empty queue!"}`},
		{name: "plugin: invalid", run: plugin(abi.Error{Code: abi.CodeInvalid, Message: "tz"}), status: 422, want: `{"error":"Invalid tz!"}`},
		{name: "plugin: not found", run: plugin(abi.Error{Code: abi.CodeNotFound, Message: "Wrong ID!"}), status: 404, want: `{"error":"Wrong ID!"}`},
		{name: "plugin: not found without a text", run: plugin(abi.Error{Code: abi.CodeNotFound}), status: 404, want: `{"error":"Not found!"}`},
		{name: "plugin: conflict", run: plugin(abi.Error{Code: abi.CodeConflict}), status: 409, want: `{"error":"Conflict!"}`},
		{name: "plugin: too large", run: plugin(abi.Error{Code: abi.CodeTooLarge}), status: 413, want: `{"error":"Request is too large!"}`},
		{name: "plugin: busy", run: plugin(abi.Error{Code: abi.CodeBusy, RetryMS: 2500}), status: 429, want: `{"error":"Too many requests!"}`, retry: "3"},
		{name: "plugin: busy for no time", run: plugin(abi.Error{Code: abi.CodeBusy, RetryMS: -7}), status: 429, want: `{"error":"Too many requests!"}`, retry: "1"},
		{name: "plugin: refused", run: plugin(abi.Error{Code: abi.CodeRefused, Message: "USER_BUSY"}), status: 502, want: `{"error":"USER_BUSY","id":"<id>"}`},
		{name: "plugin: unavailable", run: plugin(abi.Error{Code: abi.CodeUnavailable, Message: "FreeSWITCH", RetryMS: 1000}), status: 502, want: `{"error":"FreeSWITCH is unavailable!","id":"<id>"}`, retry: "1"},
		{name: "plugin: timeout", run: plugin(abi.Error{Code: abi.CodeTimeout, Message: "FreeSWITCH"}), status: 504, want: `{"error":"FreeSWITCH is unavailable!","id":"<id>"}`},
		{name: "plugin: internal, detail hidden", run: plugin(abi.Error{Code: abi.CodeInternal, Detail: "secret detail"}), status: 502, want: `{"error":"sms is unavailable!","id":"<id>"}`},
		{name: "plugin: a code that nobody knows", run: plugin(abi.Error{Code: "whatever"}), status: 502, want: `{"error":"sms is unavailable!","id":"<id>"}`},
		{name: "plugin: a text of many lines", run: plugin(abi.Error{Code: abi.CodeNotFound, Message: "a\r\nSet-Cookie: x" + strings.Repeat("я", 300)}), status: 404, want: `{"error":"aSet-Cookie: x` + strings.Repeat("я", 186) + `"}`},
		{name: "plugin died", run: fails(&wasm.DeadError{}), status: 502, want: `{"error":"sms is unavailable!","id":"<id>"}`},
		{name: "plugin not ready", run: fails(&wasm.NotReadyError{Reason: "compiling", After: 1500 * time.Millisecond}), status: 503, want: `{"error":"Not ready, try again later!","id":"<id>"}`, reason: "compiling", retry: "2"},
		{name: "instance replaced", run: fails(wasm.ErrClosed), status: 503, want: `{"error":"Not ready, try again later!","id":"<id>"}`, reason: "the plugin instance was replaced", retry: "1"},
		{name: "deadline", run: fails(context.DeadlineExceeded), status: 504, want: `{"error":"sms is unavailable!","id":"<id>"}`},
		{name: "anything else", run: fails(errors.New("secret detail")), status: 502, want: `{"error":"sms is unavailable!","id":"<id>"}`},
		{name: "a panic", run: func(context.Context, *abi.Request) (*wasm.Result, error) { panic("secret detail") }, status: 500, want: `{"error":"Internal error!","id":"<id>"}`},
		{name: "a runner that returns nothing", run: func(context.Context, *abi.Request) (*wasm.Result, error) { return nil, nil }, status: 500, want: `{"error":"Internal error!","id":"<id>"}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			if row.run == nil {
				row.run = replies(abi.Reply{})
			}
			r.route("send", row.run)
			r.start()
			or := func(s, otherwise string) string {
				if s == "" {
					return otherwise
				}
				return s
			}
			headers := row.header
			if token := or(row.token, r.token); token != "-" {
				headers = append(headers, "Authorization", "bearer  "+token)
			}
			got := r.do(or(row.method, "POST"), or(row.path, "/sms/send"), or(row.body, phone), headers...)
			id := got.id()
			want := strings.ReplaceAll(row.want, "<id>", id)
			if got.status != row.status || got.body != want {
				t.Fatalf("%d %s\nwant %d %s", got.status, got.body, row.status, want)
			}
			if got.header.Get("Content-Type") != "application/json; charset=utf-8" || got.header.Get("Retry-After") != row.retry {
				t.Errorf("headers %v", got.header)
			}
			if strings.Contains(row.want, "<id>") != r.logged(id) {
				t.Errorf("id %q, log:\n%s", id, r.log)
			}
			rec := r.last(1)
			if rec.Status != row.status || rec.ErrorID != id || rec.Reason != row.reason || !strings.Contains(got.body, rec.Error) || rec.Error == "" {
				t.Errorf("record %+v", rec)
			}
			if rec.RequestID == "" || rec.RequestID != got.header.Get("X-Request-Id") {
				t.Errorf("request id %q in the record, %q in the answer", rec.RequestID, got.header.Get("X-Request-Id"))
			}
			if strings.Contains(got.body+rec.Error+rec.Reason, "secret detail") {
				t.Errorf("a detail got out: %s %+v", got.body, rec)
			}
		})
	}
}

// TestPermit: who may not, what is not there and what is off answer alike; the
// records tell them apart.
func TestPermit(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{}))
	r.route("off", replies(abi.Reply{}), func(r *registry.Route) { r.Off = "action is switched off" })
	r.start()
	poor := r.user("poor", "report.*")
	rows := []struct{ token, path, reason string }{
		{poor, "/sms/send", "no right"},
		{poor, "/sms/off", "no right"}, // does not learn that it is off
		{poor, "/sms/nosuch", "no such action"},
		{r.token, "/sms/nosuch", "no such action"},
		{r.token, "/sms/off", "action is switched off"},
		{r.token, "/sms/SEND", "no such action"},
		{r.token, "/sms/%73end", "no such action"},
	}
	for i, row := range rows {
		got := r.do("POST", row.path, phone, "Authorization", "Bearer "+row.token)
		if got.status != 405 || got.body != `{"error":"Access denied!"}` || got.header.Get("Allow") != "" {
			t.Errorf("%s: %d %s %v", row.path, got.status, got.body, got.header)
		}
		if rec := r.last(i + 1); rec.Reason != row.reason || rec.Status != 405 {
			t.Errorf("%s: record %+v", row.path, rec)
		}
	}
}

// TestRecord: what a record says about a request that went well.
func TestRecord(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{Status: 202}))
	r.start()
	r.send("/sms/send", `{"phone":"+79190001234","message":"meet me","pin":"1234-secret","project_id":"p1","extra":1,"other\u0001":2}`)
	rec := r.last(1)
	if rec.Module != "sms" || rec.Action != "send" || rec.Status != 202 || rec.Error != "" || rec.User != "crm" ||
		rec.IP != "0.0.0.0" || rec.ErrorID != "" || rec.Reason != "" || rec.Time.IsZero() || rec.Duration <= 0 {
		t.Errorf("%+v", rec)
	}
	if want := `{"phone":"tel(34)","message":"(text)","project_id":"p1"}`; rec.Body != want {
		t.Errorf("body %s\nwant %s", rec.Body, want)
	}
	if len(rec.Ignored) != 2 || rec.Ignored[0] != "extra" || rec.Ignored[1] != "other\ufffd" {
		t.Errorf("ignored %q", rec.Ignored)
	}
	r.send("/sms/send", `{"phone":"11","project_id":"`+strings.Repeat("x", 2500)+`"}`)
	if body := r.last(2).Body; !strings.HasPrefix(body, `{"too_long":25`) {
		t.Errorf("a long body is recorded as %.100s", body)
	}
}

func TestRecordWithoutBody(t *testing.T) {
	r := newRig(t)
	r.opt.Body.Keep = false
	r.route("send", replies(abi.Reply{}))
	r.start()
	r.send("/sms/send", phone)
	if rec := r.last(1); rec.Body != "" {
		t.Errorf("%+v", rec)
	}
}

// TestHostilePaths: a path from outside is clipped, printable and valid UTF-8 in
// its record.
func TestHostilePaths(t *testing.T) {
	r := newRig(t).start()
	long := strings.Repeat("m", 1500)
	for i, path := range []string{"/" + long + "/" + long, "/a/%0d%0aEvil:1", "/%00/%ff", "/../sms", "/sms/.%2e", "/я/ж"} {
		got := r.do("POST", "http://gateway"+path, "", "Authorization", "Bearer "+r.token)
		if got.status != 405 && got.status != 404 {
			t.Errorf("%.40s: %d", path, got.status)
		}
		if got.status == 404 {
			continue // not two elements
		}
		all := r.records.all()
		rec := all[len(all)-1]
		for _, name := range []string{rec.Module, rec.Action} {
			if len(name) > 192 || strings.ContainsAny(name, "\r\n\x00") || strings.ToValidUTF8(name, "") != name {
				t.Errorf("%d: recorded %q", i, name)
			}
		}
	}
}

// TestRecordFirst: nothing is answered before the record is safe.
func TestRecordFirst(t *testing.T) {
	r := newRig(t)
	reached, released := make(chan struct{}), make(chan struct{})
	r.records.wait = func(ctx context.Context) error {
		close(reached)
		select {
		case <-released:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.route("send", replies(abi.Reply{}))
	r.start()
	answered := make(chan answer, 1)
	go func() { answered <- r.send("/sms/send", phone) }()
	<-reached
	select {
	case a := <-answered:
		t.Fatalf("answered before the record: %d %s", a.status, a.body)
	default:
	}
	close(released)
	if a := <-answered; a.status != 200 || a.body != "null" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestRecordFails: without a record there is no answer but a 500, and nothing of
// the reply is in it.
func TestRecordFails(t *testing.T) {
	f := newFile("0123456789")
	f.modified = time.Unix(1e9, 0)
	rows := map[string]runner{
		"value":   replies(abi.Reply{Status: 201, Body: abi.StringValue("leaked"), Next: "leaked"}),
		"bytes":   replies(abi.Reply{Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte("leaked"))}),
		"file":    attaches(f, abi.Reply{Filename: "leaked"}),
		"refusal": fails(&abi.Error{Code: abi.CodeNotFound, Message: "leaked"}),
		"warning": func(context.Context, *abi.Request) (*wasm.Result, error) {
			return &wasm.Result{Warnings: []string{"leaked"}}, nil
		},
	}
	for name, run := range rows {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.records.fail = errDisk
			r.route("send", run)
			r.start()
			got := r.send("/sms/send", phone, "Range", "bytes=0-1")
			if got.status != 500 || got.body != `{"error":"Internal error!","id":"`+got.id()+`"}` || !r.logged(got.id()) {
				t.Errorf("%d %s", got.status, got.body)
			}
			if strings.Contains(fmt.Sprint(got.header), "leaked") || got.header.Get("Content-Range") != "" || got.header.Get("Accept-Ranges") != "" ||
				got.header.Get("Last-Modified") != "" || got.header.Get("X-Request-Id") == "" {
				t.Errorf("headers %v", got.header)
			}
		})
	}
	if f.closes() != 1 {
		t.Errorf("the file was closed %d times", f.closes())
	}
}

// TestRequest: what the plugin gets.
func TestRequest(t *testing.T) {
	r := newRig(t)
	var q abi.Request
	var deadline time.Duration
	r.route("send", runner(func(ctx context.Context, got *abi.Request) (*wasm.Result, error) {
		q = *got
		end, _ := ctx.Deadline()
		deadline = time.Until(end)
		return &wasm.Result{}, nil
	}), func(r *registry.Route) { r.Instance, r.Timeout = "backup", time.Hour }, safe)
	r.start()
	r.send("/sms/send", phone)
	got := r.do("GET", "/sms/send?phone=1+1&x=y", "", "Authorization", "Bearer "+r.token)
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if q.Kind != abi.Action || q.Name != "send" || q.Instance != "backup" || q.User != "crm" || q.Params.Get("phone").String() != "1 1" ||
		q.RequestID != got.header.Get("X-Request-Id") {
		t.Errorf("%+v", q)
	}
	if deadline < 30*time.Minute || deadline > time.Hour {
		t.Errorf("the action's own timeout does not count: %s", deadline)
	}
}

// TestHead: HEAD goes where GET goes and has no body.
func TestHead(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{Body: abi.StringValue("x")}), safe)
	r.route("post", replies(abi.Reply{}))
	r.start()
	got := r.do("HEAD", "/sms/send?phone=1", "", "Authorization", "Bearer "+r.token)
	if got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "3" {
		t.Errorf("%d %q %v\n%s", got.status, got.body, got.header, r.log)
	}
	if got := r.do("HEAD", "/sms/post?phone=1", "", "Authorization", "Bearer "+r.token); got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// TestLimits: the user's bucket and the action's, the user's own first.
func TestLimits(t *testing.T) {
	r := newRig(t)
	now := time.Unix(1e9, 0)
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	r.opt.UserRate = auth.Rate{PerSecond: 1, Burst: 3}
	r.route("send", replies(abi.Reply{}), func(r *registry.Route) { r.Rate = auth.Rate{PerSecond: 0.1, Burst: 1} })
	r.route("free", replies(abi.Reply{}))
	r.start()
	steps := []struct {
		path   string
		status int
		retry  string
		reason string
	}{
		{"/sms/send", 200, "", ""},
		{"/sms/send", 429, "10", "limit of the action"},
		{"/sms/free", 200, "", ""},
		{"/sms/free", 429, "1", "limit of the user"},
		{"/sms/nosuch", 405, "", "no such action"}, // takes nothing off
	}
	for i, step := range steps {
		got := r.send(step.path, phone)
		rec := r.last(i + 1)
		if got.status != step.status || got.header.Get("Retry-After") != step.retry || rec.Reason != step.reason {
			t.Errorf("step %d: %d, retry %q, %q", i, got.status, got.header.Get("Retry-After"), rec.Reason)
		}
	}
	now = now.Add(10 * time.Second)
	if got := r.send("/sms/send", phone); got.status != 200 {
		t.Errorf("after waiting: %d %s", got.status, got.body)
	}
}
