package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// configured gives the module its settings and sets its clock to a time that only
// the test moves.
func configured(t *testing.T, settings string) (h *plugintest.Host, now *int64) {
	t.Helper()
	now = new(int64)
	*now = 1_800_000_000
	clock = func() int64 { return *now }
	t.Cleanup(func() { clock = patchbay.Now })
	h = plugintest.New(t).Settings(settings)
	if err := h.Configure(); err != nil {
		t.Fatal(err)
	}
	return h, now
}

func instances(names ...string) []patchbay.Provider {
	var all []patchbay.Provider
	for _, name := range names {
		all = append(all, patchbay.Provider{Instance: name, Ready: true, Operations: []string{"send"}})
	}
	return all
}

func (r route) names() string {
	var out []string
	for _, p := range r.candidates {
		out = append(out, p.Instance)
	}
	return r.rule.name + ": " + strings.Join(out, " ")
}

func TestRules(t *testing.T) {
	configured(t, `{
		"providers": ["a", "b"],
		"instances": [{"provider": "a", "price": 2.5}, {"provider": "b", "price": 0.9}, {"provider": "c"}],
		"rules": [
			{"name": "bank", "originators": ["BANK"], "projects": ["7"], "providers": [{"provider": "c"}]},
			{"name": "moscow", "prefixes": ["+7495", "7919"], "providers": [{"provider": "b"}, {"provider": "a"}, {"provider": "gone"}]},
			{"name": "kz", "regions": ["KZ", "UZ"], "order": "price", "providers": [{"provider": "c"}, {"provider": "a"}, {"provider": "b"}]},
			{"name": "project", "projects": ["1111", "2222"], "providers": [{"provider": "gone"}]}
		]}`)
	for _, c := range []struct {
		name string
		m    message
		want string
	}{
		{"no rule", message{phone: "+78120000000", region: "RU"}, "default: a b"},
		{"prefix", message{phone: "+79190000000", region: "RU"}, "moscow: b a"},
		{"prefix without plus", message{phone: "+74950000000", region: "RU"}, "moscow: b a"},
		{"all conditions of the first", message{phone: "+79190000000", originator: "BANK", projectID: "7"}, "bank: c"},
		{"one condition is not enough", message{phone: "+79190000000", originator: "BANK", projectID: "8"}, "moscow: b a"},
		{"country, not prefix: +7 701 is Kazakhstan", message{phone: "+77010000000", region: "KZ"}, "kz: b a c"},
		{"a rule without a configured provider", message{phone: "+78120000000", projectID: "2222"}, "project: "},
		{"the prefix stands at the beginning", message{phone: "+17919000000", region: "US"}, "default: a b"},
	} {
		if got := newRoute(&c.m, instances("a", "b", "c")).names(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestWeights: shares are as the weights say, the same message always goes the same
// way, and without one provider the others' messages stay where they were.
func TestWeights(t *testing.T) {
	configured(t, `{"rules": [{"name": "w", "order": "weights", "providers": [
		{"provider": "a", "weight": 70}, {"provider": "b", "weight": 20}, {"provider": "c", "weight": 10}, {"provider": "reserve", "weight": 0}]}]}`)
	const messages = 20_000
	first, second := map[string]int{}, map[string]int{}
	for i := range messages {
		m := &message{key: fmt.Sprintf("%016x+7919%07d", i, i)}
		all := instances("reserve", "c", "b", "a")
		r := newRoute(m, all)
		if again := newRoute(m, all); again.names() != r.names() {
			t.Fatalf("%s, then %s", r.names(), again.names())
		}
		order := r.candidates
		if order[3].Instance != "reserve" {
			t.Fatalf("the reserve goes before others: %s", r.names())
		}
		first[order[0].Instance]++
		second[order[0].Instance+" then "+order[1].Instance]++
		rest := newRoute(m, instances("b", "c"))
		if order[0].Instance != "a" && rest.candidates[0].Instance != order[0].Instance {
			t.Fatalf("without a: %s instead of %s", rest.names(), r.names())
		}
	}
	near := func(name string, n int, of, want float64) {
		t.Helper()
		if got := float64(n) / of; got < want-0.02 || got > want+0.02 {
			t.Errorf("%s: %.3f of the messages, want %.3f", name, got, want)
		}
	}
	for name, want := range map[string]float64{"a": .7, "b": .2, "c": .1} {
		near(name, first[name], messages, want)
	}
	near("a then b", second["a then b"], float64(first["a"]), 2./3)
}

func TestBadRules(t *testing.T) {
	for settings, want := range map[string]string{
		`{"rules":[{"name":"x","providers":[{"provider":"a"}]},{"name":"x","providers":[{"provider":"a"}]}]}`:  "rules, number 2: another rule is called x too",
		`{"rules":[{"name":"x","order":"weights","providers":[{"provider":"a","weight":0}]}]}`:                 "rules, number 1: all weights are 0",
		`{"rules":[{"name":"x","providers":[{"provider":"a"},{"provider":"b"},{"provider":"a","weight":2}]}]}`: "rules, number 1: a is there twice",
		`{"instances":[{"provider":"a"},{"provider":"a"}]}`:                                                    "instances: a is there twice",
	} {
		if err := plugintest.New(t).Settings(settings).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", settings, err, want)
		}
	}
}

// behaviours of a provider, by their numbers.
var behaviours = []*abi.Error{
	nil, &refused, &down, &lost, &cut, &trapped, &unsure, {Code: abi.CodeBusy}, {Code: abi.CodeDenied}, {Code: abi.CodeTimeout}, {Code: abi.CodeInternal},
	{Code: abi.CodeInvalid}, {Code: abi.CodeInvalid, Sent: true},
}

// certain reports whether a provider that behaves so has certainly not accepted,
// and another one may.
func certain(e *abi.Error) bool {
	return e != nil && !e.Sent && e.Code != abi.CodeRefused && e.Code != abi.CodeInvalid
}

// FuzzNeverTwice: whatever the rules say and the providers do, no second provider
// is asked unless it is certain that the ones before did not take the message, and
// none is asked twice for one message.
func FuzzNeverTwice(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 2, 2, 3, 9, 1, 2, 0})
	f.Add([]byte{2, 7, 7, 0, 1, 0xff, 2, 2, 4, 0})
	f.Add([]byte{5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0})
	f.Fuzz(func(t *testing.T, plan []byte) {
		take := func() (b int) {
			if len(plan) > 0 {
				b, plan = int(plan[0]), plan[1:]
			}
			return b
		}
		orders, kind := []string{"listed", "weights", "price"}, take()
		failover := kind&4 == 0
		h, now := configured(t, fmt.Sprintf(`{"breaker_failures": %d, "instances": [{"provider": "b", "rate": %d, "price": 1}],
			"rules": [{"name": "r", "order": %q, "failover": %t, "providers": [{"provider": "a"}, {"provider": "b"}, {"provider": "c"}]}]}`,
			take()%4, take()%3+1, orders[(kind&3)%3], failover))
		var asked []string
		var said []*abi.Error
		for _, name := range []string{"a", "b", "c"} {
			h.Provider(point, name, func(string, abi.Value) (abi.Value, *abi.Error) {
				e := behaviours[take()%len(behaviours)]
				asked, said = append(asked, name), append(said, e)
				if e != nil {
					return nil, e
				}
				return accepts("", nil)
			})
		}
		for i := range 8 {
			asked, said = nil, nil
			*now += int64(take() % 40)
			got := h.Action("send", fmt.Sprintf(`{"phone":"8919%07d","message":"Hi"}`, i))
			for j, e := range said {
				if j < len(said)-1 && !certain(e) {
					t.Fatalf("%v: %s was asked after %s said %v", asked, asked[j+1], asked[j], e)
				}
				if slices.Contains(asked[:j], asked[j]) {
					t.Fatalf("%s was asked twice: %v", asked[j], asked)
				}
			}
			if !failover && len(asked) > 1 {
				t.Fatalf("asked %v without failover", asked)
			}
			ok := len(said) > 0 && said[len(said)-1] == nil
			if ok != (got.Err == nil && strings.Contains(got.JSON(), `"OK"`)) {
				t.Fatalf("%v said %v, the caller got %d %s", asked, said, got.Status(), got.JSON())
			}
			if len(h.Journal.Begun) != len(h.Journal.Ended) {
				t.Fatalf("%d intents, %d outcomes", len(h.Journal.Begun), len(h.Journal.Ended))
			}
			if len(asked) > 0 {
				end := h.Journal.Ended[len(h.Journal.Ended)-1]
				if p := end.Fields.Get("provider").String(); p != asked[len(asked)-1] {
					t.Fatalf("asked %v, the journal says %s", asked, p)
				}
			}
		}
	})
}
