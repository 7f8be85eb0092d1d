package rehearsal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// MaxFile bounds a case file, in bytes.
const MaxFile = 16 << 20

// Load reads every .json file of a folder in the order of their names, or one
// file.
//
// # Errors
//
// Every fault of every file, joined: "cases/send.json: line 3:14: /request/…".
// A folder without cases is an error, because its tests would prove nothing.
func Load(path string) ([]*Case, error) {
	files := []string{path}
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	} else if info.IsDir() {
		// Glob takes no escapes on some systems; the pattern is ours, the folder is not.
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("cases: %w", err)
		}
		files = nil
		for _, e := range entries {
			if !e.IsDir() && filepath.Ext(e.Name()) == ".json" && e.Name() != SchemaFile {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	var all []*Case
	var faults []error
	for _, file := range files {
		cases, err := loadFile(file)
		all, faults = append(all, cases...), append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("cases: there is no case in %s; write one as %s", path, filepath.Join(path, "send.json"))
	}
	return all, nil
}

// SchemaFile is the name of the JSON Schema that may lie beside the cases.
const SchemaFile = "case.schema.json"

func loadFile(file string) ([]*Case, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > MaxFile {
		err = fmt.Errorf("%s: over the limit of %d bytes", file, MaxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("case file: %w", err)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("case file: %w", err)
	}
	return Parse(file, src)
}

// Parse reads the cases of one file: an object, or an array of them. file is for
// messages only.
func Parse(file string, src []byte) ([]*Case, error) {
	root, err := jsontree.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	nodes := []*node{root}
	if root.Kind == jsontree.Array {
		nodes = root.Elements
	}
	var d decoder
	cases := make([]*Case, 0, len(nodes))
	for _, n := range nodes {
		c := &Case{File: file, Pointer: n.Pointer}
		d.caseOf(n, c)
		cases = append(cases, c)
	}
	if len(d.issues) == 0 {
		return cases, nil
	}
	faults := make([]error, len(d.issues))
	for i, issue := range d.issues {
		faults[i] = fmt.Errorf("%s: %w", file, jsontree.Locate(src, issue))
	}
	return nil, errors.Join(faults...)
}

func (d *decoder) caseOf(n *node, c *Case) {
	var ignored string
	ok := d.object(n, map[string]func(*node){
		"$schema":  d.str(&ignored),
		"title":    d.str(&c.Title),
		"source":   d.str(&c.Source),
		"settings": d.mapValue(&c.Settings),
		"hosts": func(n *node) {
			c.Hosts = []string{}
			d.each(func(n *node) {
				var host string
				d.str(&host)(n)
				c.Hosts = append(c.Hosts, host)
			})(n)
		},
		"request":  func(n *node) { d.request(n, &c.Request) },
		"upstream": d.each(func(n *node) { c.Upstream = append(c.Upstream, d.upstream(n)) }),
		"kv": func(n *node) {
			d.object(n, map[string]func(*node){"before": d.entries(&c.Before), "after": d.entries(&c.After)})
		},
		"operations": d.each(func(n *node) { c.Operations = append(c.Operations, d.canned(n)) }),
		"reply":      func(n *node) { c.Reply = d.reply(n) },
		"error":      func(n *node) { c.Error = d.failure(n) },
		"log": d.each(func(n *node) {
			var re *regexp.Regexp
			if d.pattern(&re)(n); re != nil {
				c.Log = append(c.Log, re)
			}
		}),
	})
	if !ok {
		return
	}
	if n.Get("request") == nil {
		d.fault(n, "", `"request" is missing`)
	}
	if c.Title == "" {
		d.fault(n, "", `"title" is missing or empty`)
	}
	// To configure or to be healthy needs no words.
	quiet := c.Request.Kind == abi.Configure || c.Request.Kind == abi.Health
	d.one(n, quiet, "reply", "error")
	if c.Reply == nil && c.Error == nil {
		c.Reply = &Reply{}
	}
}

func (d *decoder) request(n *node, q *Request) {
	var operation, packed string
	var ms int
	d.object(n, map[string]func(*node){
		"operation": d.str(&operation),
		"action":    func(n *node) { q.Kind = abi.Action; d.str(&q.Name)(n) },
		"health":    d.yes(func() { q.Kind = abi.Health }),
		"configure": d.yes(func() { q.Kind = abi.Configure }),
		"params": func(n *node) {
			q.Params = n.Value()
			q.Body = jsontree.AppendValue(nil, q.Params)
		},
		"msgpack":    func(n *node) { d.str(&packed)(n); q.Params = d.packed(n, packed) },
		"instance":   d.str(&q.Instance),
		"user":       d.str(&q.User),
		"timeout_ms": d.integer(&ms, 1, 600_000),
	})
	q.Timeout = time.Duration(ms) * time.Millisecond
	d.one(n, false, "operation", "action", "health", "configure")
	d.one(n, true, "params", "msgpack")
	if o := n.Get("operation"); o != nil {
		q.Kind = abi.Operation
		var found bool
		if q.Point, q.Name, found = strings.Cut(operation, "/"); !found || q.Point == "" || q.Name == "" {
			d.fault(o, "", "must be <point>/<operation>: sms.provider/send")
		}
	}
	if packed := n.Get("msgpack"); packed != nil && q.Kind != abi.Operation {
		d.fault(packed, "", "only operations take MessagePack")
	}
}

// packed reads a value that JSON cannot express: MessagePack in hexadecimal.
func (d *decoder) packed(n *node, text string) abi.Value {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err == nil {
		err = abi.Check(b)
	}
	if err != nil {
		d.fault(n, "hexadecimal digits, spaces allowed", "is not one MessagePack value: %v", err)
		return nil
	}
	return b
}

func (d *decoder) upstream(n *node) Upstream {
	var u Upstream
	d.object(n, map[string]func(*node){
		"request": func(n *node) { d.httpRequest(n, &u.Want) },
		"answer":  func(n *node) { u.Answer = d.answer(n) },
	})
	if n.Get("answer") == nil {
		u.Answer.Status = http.StatusOK
	}
	return u
}

func (d *decoder) httpRequest(n *node, q *HTTPRequest) {
	d.object(n, map[string]func(*node){
		"method": d.str(&q.Method),
		"url":    func(n *node) { q.URL = d.url(n) },
		"query":  d.fields(&q.Query),
		"header": d.fields(&q.Header),
		"body":   d.optional(&q.Body),
		"json":   d.value(&q.JSON),
		"form":   d.fields(&q.Form),
		"exact":  d.boolean(&q.Exact),
	})
	d.one(n, true, "body", "json", "form")
	if q.Query != nil && q.URL != nil && q.URL.RawQuery != "" {
		d.fault(n, "move it into query", "the url has a query of its own")
	}
}

func (d *decoder) url(n *node) *url.URL {
	if !d.is(n, jsontree.String) {
		return nil
	}
	u, err := url.Parse(n.Text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		d.fault(n, "", "must be an absolute http or https URL")
		return nil
	}
	return u
}

// framing are fields that would break the framing of an answer.
var framing = []string{"transfer-encoding", "connection", "upgrade", "trailer"}

func (d *decoder) answer(n *node) HTTPAnswer {
	a := HTTPAnswer{Status: http.StatusOK}
	var fail, text, packed string
	d.object(n, map[string]func(*node){
		"status": d.integer(&a.Status, 200, 599),
		"header": d.fields(&a.Header),
		"body":   func(n *node) { d.str(&text)(n); a.Body = []byte(text) },
		"json":   func(n *node) { a.Body = jsontree.AppendValue(nil, n.Value()) },
		"base64": func(n *node) {
			d.str(&packed)(n)
			var err error
			if a.Body, err = base64.StdEncoding.DecodeString(packed); err != nil {
				d.fault(n, "", "is not base64: %v", err)
			}
		},
		"fail": d.str(&fail, string(FailRefused), string(FailDNS), string(FailTimeout), string(FailReset)),
	})
	a.Fail = Failure(fail)
	d.one(n, true, "body", "json", "base64", "fail")
	if n.Get("fail") != nil && (n.Get("status") != nil || n.Get("header") != nil) {
		d.fault(n, "", "an exchange that fails has no status and no header")
	}
	for _, f := range a.Header {
		place := n.Get("header").Get(f.name)
		if slices.Contains(framing, strings.ToLower(f.name)) {
			d.fault(place, "", "%s is set by the rehearsal", f.name)
		}
		if !httpguts.ValidHeaderFieldName(f.name) || slices.ContainsFunc(f.values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			d.fault(place, "", "is no header field")
		}
	}
	if n.Get("json") != nil && !slices.ContainsFunc(a.Header, func(f field) bool { return strings.EqualFold(f.name, "content-type") }) {
		a.Header = append(a.Header, field{"content-type", []string{"application/json"}})
	}
	return a
}

func (d *decoder) entries(to *[]Entry) func(*node) {
	return func(n *node) {
		if !d.is(n, jsontree.Object) {
			return
		}
		for _, m := range n.Members {
			if d.is(m.Value, jsontree.String) {
				*to = append(*to, Entry{m.Key, m.Value.Text})
			}
		}
	}
}

func (d *decoder) canned(n *node) Canned {
	var c Canned
	d.object(n, map[string]func(*node){
		"operation": d.str(&c.Operation),
		"request":   d.value(&c.Request),
		"answer":    d.value(&c.Answer),
		"error":     func(n *node) { c.Error = d.cannedError(n) },
	})
	d.one(n, true, "answer", "error")
	capability := abi.Capability(c.Operation)
	switch {
	case capability == "http" || capability == "kv":
		d.fault(n, "use upstream and kv", "%s is rehearsed by the gateway's own code", capability)
	case !slices.Contains(abi.Operations(), c.Operation):
		d.fault(n, "", "there is no operation %q", c.Operation)
	}
	return c
}

func (d *decoder) cannedError(n *node) *abi.Error {
	var code, source string
	e := &abi.Error{Source: abi.SourceHost}
	d.object(n, map[string]func(*node){
		"code": d.str(&code), "status": d.integer(&e.Status, 0, 599), "message": d.str(&e.Message), "source": d.str(&source),
		"detail": d.str(&e.Detail), "sent": d.boolean(&e.Sent), "retry_ms": d.integer(&e.RetryMS, 0, 1<<30),
	})
	if e.Code = abi.Code(code); code == "" {
		d.fault(n, "", `"code" is missing`)
	}
	if source != "" {
		e.Source = abi.Source(source)
	}
	return e
}

func (d *decoder) reply(n *node) *Reply {
	p := &Reply{}
	var packed string
	d.object(n, map[string]func(*node){
		"status":       d.integer(&p.Status, 200, 599),
		"json":         d.value(&p.Value),
		"msgpack":      func(n *node) { d.str(&packed)(n); p.Value, p.Exact = d.packed(n, packed), true },
		"body":         d.optional(&p.Body),
		"content_type": d.str(&p.ContentType),
		"attachment":   d.yes(func() { p.Attachment = true }),
	})
	d.one(n, true, "json", "msgpack", "body", "attachment")
	return p
}

func (d *decoder) failure(n *node) *Error {
	e := &Error{}
	number := func(to **int) func(*node) {
		return func(n *node) { *to = new(int); d.integer(*to, 0, 1<<30)(n) }
	}
	d.object(n, map[string]func(*node){
		"code":    d.optional(&e.Code, codes...),
		"status":  number(&e.Status),
		"message": d.optional(&e.Message),
		"source":  d.optional(&e.Source, sources...),
		"detail":  d.pattern(&e.Detail),
		"sent":    func(n *node) { e.Sent = new(bool); d.boolean(e.Sent)(n) },

		"retry_ms": number(&e.RetryMS),
	})
	return e
}

var (
	codes = []string{
		string(abi.CodeEmpty), string(abi.CodeInvalid), string(abi.CodeNotFound), string(abi.CodeDenied), string(abi.CodeConflict),
		string(abi.CodeTooLarge), string(abi.CodeBusy), string(abi.CodeRefused), string(abi.CodeUnavailable), string(abi.CodeTimeout),
		string(abi.CodeInternal),
	}
	sources = []string{string(abi.SourcePlugin), string(abi.SourceUpstream), string(abi.SourceHost), string(abi.SourceCaller)}
)
