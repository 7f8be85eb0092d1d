package server

import (
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// FuzzForwarded: an element of X-Forwarded-For is an address without a zone and without the
// form that hides an IPv4 address in an IPv6 one, or nothing.
func FuzzForwarded(f *testing.F) {
	for _, text := range []string{"192.0.2.1", " 192.0.2.1:80 ", "[2001:db8::1]:443", "::ffff:192.0.2.1", "fe80::1%eth0", "unknown", "_hidden", "", "1.2.3.4:99999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := parseForwarded(text)
		if ok != a.IsValid() || a.Zone() != "" || a.Is4In6() {
			t.Fatalf("%q became %v, %t", text, a, ok)
		}
		if again, ok2 := parseForwarded(a.String()); ok && (!ok2 || again != a) {
			t.Fatalf("%q became %v and then %v", text, a, again)
		}
	})
}

// FuzzOutcome: whatever lies in the store under an Idempotency-Key, a repeated request gets one
// of a reply and a problem, and a reply only for the same parameters.
func FuzzOutcome(f *testing.F) {
	reply := abi.Reply{Body: abi.StringValue("x")}
	for _, o := range []outcome{
		{hash: "h", state: stateBegun, reply: abi.AppendNil(nil)},
		{hash: "h", state: stateReply, reply: reply.Append(nil)},
		{hash: "h", state: stateProblem, reply: abi.AppendNil(nil), fault: problem.Problem{Status: 502, Text: "no", ID: "1"}},
		{hash: "other", state: stateReply, reply: reply.Append(nil)},
	} {
		f.Add(o.encode())
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		result, p := replay(raw, "h")
		if (result == nil) == (p == nil) {
			t.Fatalf("%x: reply %v, problem %v", raw, result, p)
		}
		var o outcome
		if result != nil && (o.decode(raw) != nil || o.hash != "h" || o.state == stateBegun) {
			t.Fatalf("%x: replayed %+v", raw, o)
		}
	})
}
