package httpcall_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// oracle resolves every name to one address and watches what is dialed.
type oracle struct {
	addr   netip.Addr
	asked  []string
	dialed []netip.AddrPort
}

func (o *oracle) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	o.asked = append(o.asked, host)
	return []netip.Addr{o.addr}, nil
}

func (o *oracle) connect(_ context.Context, _, address string) (net.Conn, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	o.dialed = append(o.dialed, ap)
	return nil, errNoRoute
}

func (o *oracle) client(t testing.TB, g httpcall.Grant) (*httpcall.Client, error) {
	pool, err := httpcall.NewPool(httpcall.PoolOptions{Resolver: o, Connect: o.connect})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return httpcall.New(httpcall.Options{Name: "demo", Grant: g, Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger()})
}

// FuzzGrant: whatever the spelling, only what the grant names is looked up and
// only public addresses are dialed.
func FuzzGrant(f *testing.F) {
	loopback := netip.MustParseAddr("127.0.0.1").AsSlice()
	for _, url := range []string{
		"https://example.com/", "http://EXAMPLE.com.:80/", "https://пример.рф/", "http://user@example.com/", "http://example.com@127.0.0.1/",
		"http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25lo]/", "http://example.com\\@evil/", "http://１２７.1/",
	} {
		f.Add("example.com", url, netip.MustParseAddr(publicIP).AsSlice())
		f.Add("*.example.com", url, loopback)
		f.Add("127.0.0.1", url, loopback)
	}
	f.Fuzz(func(t *testing.T, host, url string, address []byte) {
		o := new(oracle)
		o.addr, _ = netip.AddrFromSlice(address)
		c, err := o.client(t, plain(host))
		if (err == nil) != (httpcall.ValidateHost(host) == nil) {
			t.Fatalf("New and ValidateHost do not agree on %q: %v", host, err)
		}
		if err != nil {
			return
		}
		if _, failure := fetch(t, c, abi.HTTPRequest{URL: strings.ToValidUTF8(url, "")}); failure == nil || failure.Sent {
			t.Fatalf("%q: %+v", url, failure)
		}
		for _, ap := range o.dialed {
			ip := ap.Addr()
			if ip.Is4In6() || !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
				t.Fatalf("%q: dialed %s", url, ap)
			}
		}
		for _, name := range o.asked {
			if domain, wildcard := strings.CutPrefix(host, "*"); wildcard {
				if !ascii(host) {
					continue
				}
				domain, _, _ = strings.Cut(strings.ToLower(domain), ":")
				if !strings.HasSuffix(name, strings.TrimSuffix(domain, ".")) && !strings.Contains(domain, "xn--") {
					t.Fatalf("%q: looked up %q with the grant %q", url, name, host)
				}
			} else if httpcall.ValidateHost(name) != nil || !slices.Equal(o.asked, []string{name}) {
				t.Fatalf("%q: looked up %q", url, o.asked)
			} else if want, _, _ := strings.Cut(strings.ToLower(host), ":"); ascii(host) && !strings.Contains(want, "xn--") && name != strings.TrimSuffix(want, ".") {
				t.Fatalf("%q: looked up %q with the grant %q", url, name, host)
			}
		}
	})
}

func ascii(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

// FuzzFetch: bytes of a guest give a well-formed answer and nothing else.
func FuzzFetch(f *testing.F) {
	f.Add([]byte(nil))
	f.Add((&abi.HTTPRequest{URL: "https://example.com/"}).Append(nil))
	f.Add((&abi.HTTPRequest{
		Method: "POST", URL: "http://example.com:8080/a?b=c", Header: headers("x-a", "1"), Body: []byte("body"), TimeoutMS: 5, Parse: abi.ParseJSON,
	}).Append(nil))
	f.Add((&abi.HTTPRequest{Header: headers("a", "b\r\nc: d")}).Append(nil))
	f.Fuzz(func(t *testing.T, request []byte) {
		o := &oracle{addr: netip.MustParseAddr(publicIP)}
		c, err := o.client(t, plain("example.com", "*.example.com"))
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(request)
		if _, failure := decode(t, c.Fetch(t.Context(), request, nil)); failure == nil || failure.Sent || failure.Code == "" {
			t.Fatalf("%+v", failure)
		}
		if !slices.Equal(before, request) {
			t.Fatal("the request was changed")
		}
		for _, name := range o.asked {
			if name != "example.com" && !strings.HasSuffix(name, ".example.com") {
				t.Fatalf("looked up %q", name)
			}
		}
	})
}
