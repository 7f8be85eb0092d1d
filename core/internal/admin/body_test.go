package admin

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// everything has a field of every kind.
type everything struct {
	text     string
	flag     bool
	count    int64
	list     []string
	networks []netip.Prefix
	limits   auth.Limits
	values   map[string]any
	optional *string
}

func (e *everything) fields() fields {
	return fields{
		"text": str(&e.text), "flag": boolean(&e.flag), "count": integer(&e.count, 1, 10), "list": each(&e.list, str),
		"networks": each(&e.networks, network), "limits": limits(&e.limits), "values": values(&e.values), "optional": maybe(&e.optional, str),
	}
}

func TestDecode(t *testing.T) {
	var e everything
	body := `{"text":"ж","flag":true,"count":10,"list":["a"],"networks":["10.1.2.3/8","::1"],"limits":{"all":{"per_second":0.5},"actions":{"sms.send":{"per_second":1,"burst":2}}},"values":{"n":9007199254740993}}`
	if err := decode("application/json; charset=utf-8", []byte(body), e.fields(), "text"); err != nil {
		t.Fatal(err)
	}
	if e.text != "ж" || !e.flag || e.count != 10 || len(e.list) != 1 || e.networks[1].String() != "::1/128" || e.limits.All.PerSecond != 0.5 ||
		e.limits.Actions["sms.send"].Burst != 2 || e.values["n"] != int64(9007199254740993) || e.optional != nil {
		t.Errorf("%+v", e)
	}
	if err := decode("", nil, e.fields()); err != nil {
		t.Errorf("an empty body: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``: "/text", `{`: "", `[]`: "", `null`: "", `{"text":null}`: "/text", `{"text":1}`: "/text", `{"text":"","Text":""}`: "/Text",
		`{"text":"","flag":"true"}`: "/flag", `{"text":"","count":11}`: "/count", `{"text":"","count":1.5}`: "/count", `{"text":"","count":"1"}`: "/count",
		`{"text":"","list":"a"}`: "/list", `{"text":"","list":["a",[]]}`: "/list/1", `{"text":"","networks":["fe80::1%eth0"]}`: "/networks/0",
		`{"text":"","networks":[1]}`: "/networks/0", `{"text":"","limits":{"all":{}}}`: "/limits/all/per_second",
		`{"text":"","limits":{"all":{"per_second":-1}}}`: "/limits/all/per_second", `{"text":"","limits":{"actions":[]}}`: "/limits/actions",
		`{"text":"","values":[]}`: "/values", `{"text":"","optional":null}`: "/optional", `{"text":"","a/b~c":1}`: "/a~1b~0c",
	} {
		var e everything
		err := decode("application/json", []byte(body), e.fields(), "text")
		var r *Rejection
		if !errors.As(err, &r) || len(r.Violations) != 1 || r.Violations[0].Pointer != want || r.Violations[0].Message == "" {
			t.Errorf("%s: %v, want a violation at %q", body, err, want)
		}
	}
	var p *problem.Problem
	var e everything
	if err := decode("text/plain", []byte(`{}`), e.fields()); !errors.As(err, &p) || p.Status != 415 {
		t.Errorf("text/plain: %v", err)
	}
	if err := decode("application/json", []byte(strings.Repeat(" ", maxBody+1)), e.fields()); !errors.As(err, &p) || p.Status != 413 {
		t.Errorf("too large: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"text":"a","count":3}`, `{"list":[1,2]}`, `{"limits":{"all":{"per_second":1e300}}}`, `{"values":{"a":[{"b":null}]}}`, `{"networks":["1.2.3.4/99"]}`, "\xff", `{"a":`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var e everything
		err := decode("application/json", body, e.fields())
		if err != nil {
			var r *Rejection
			var p *problem.Problem
			if !errors.As(err, &r) && !errors.As(err, &p) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if e.count != 0 && (e.count < 1 || e.count > 10) {
			t.Errorf("count %d", e.count)
		}
		for _, p := range e.networks {
			if !p.IsValid() {
				t.Error("a network that is not valid")
			}
		}
	})
}

func TestRefusalTellsNoSecrets(t *testing.T) {
	err := refusal(errors.New("dial tcp: password=hunter2"))
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status != 500 || p.ID == "" || strings.Contains(p.Text, "hunter2") {
		t.Errorf("%v", err)
	}
}
