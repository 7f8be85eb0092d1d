package httpcall_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestValidateHost(t *testing.T) {
	for _, pattern := range []string{
		"example.com", "EXAMPLE.com", "example.com.", "example.com:8443", "*.example.com", "*.example.com:81", "kannel",
		"my_container:13013", "127.0.0.1", "127.0.0.1:13013", "[::1]", "[::1]:8080", "::1", "2001:db8::1", "пример.рф",
		"xn--e1afmkfd.xn--p1ai", "*.internal", "r3---sn.example.com", "1c.example.ru",
	} {
		if err := httpcall.ValidateHost(pattern); err != nil {
			t.Errorf("%q refused: %v", pattern, err)
		}
	}
	for _, pattern := range []string{
		"", "*", "*.", "*.com", "*.co.uk", "*.ru", "*example.com", "a.*.com", "*.127.0.0.1", "*.[::1]", "*.*.example.com",
		"https://example.com", "example.com/path", "user@example.com", "example.com:", "example.com:0", "example.com:65536",
		"example.com:+80", "example.com:http", "example.com:80:80", ".example.com", "a..b", "-a.com", "a-.com", "exa mple.com",
		"127.1", "0x7f.1", "2130706433", "0177.0.0.1", "256.0.0.1", "1.2.3", "[127.0.0.1]", "[::ffff:127.0.0.1]", "::ffff:1.2.3.4",
		"[fe80::1%eth0]", "fe80::1%eth0", "[::1", "[::1]x", "[]", "exam\x00ple.com", "exam\nple.com", "xn--", "xn--a.com",
		strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com",
	} {
		if err := httpcall.ValidateHost(pattern); err == nil {
			t.Errorf("%q accepted", pattern)
		}
	}
}

func TestNewAndNewPoolRefuse(t *testing.T) {
	pool := newRig(t, httpcall.PoolOptions{}).pool
	full := httpcall.Options{Name: "n", Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger()}
	if _, err := httpcall.New(full); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*httpcall.Options){
		"name":     func(o *httpcall.Options) { o.Name = "" },
		"pool":     func(o *httpcall.Options) { o.Pool = nil },
		"parsers":  func(o *httpcall.Options) { o.Parsers = nil },
		"logger":   func(o *httpcall.Options) { o.Logger = nil },
		"host":     func(o *httpcall.Options) { o.Grant.Hosts = []string{"ok.example", "*"} },
		"negative": func(o *httpcall.Options) { o.Limits.InFlight = -1 },
		"total":    func(o *httpcall.Options) { o.Limits.Total = -1 },
		"answer":   func(o *httpcall.Options) { o.Limits.Answer = abi.MaxMessage + 1 },
	} {
		o := full
		spoil(&o)
		if _, err := httpcall.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]httpcall.PoolOptions{
		"no CA file":   {CAFile: filepath.Join(t.TempDir(), "none.pem")},
		"empty CA":     {CAFile: empty},
		"negative":     {IdlePerHost: -1},
		"negative age": {IdleTimeout: -time.Second},
	} {
		if _, err := httpcall.NewPool(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestGrant sends requests into a network that goes nowhere: what was dialed
// shows that a request passed the grant, and where it would have gone.
func TestGrant(t *testing.T) {
	const denied, invalid = "denied", "invalid"
	for _, x := range []struct {
		hosts   string
		private bool
		url     string
		want    string // the address dialed, or the code
	}{
		{"example.com", false, "https://example.com/", publicIP + ":443"},
		{"example.com", false, "http://example.com/", publicIP + ":80"},
		{"example.com", false, "HTTPS://EXAMPLE.COM/", publicIP + ":443"},
		{"EXAMPLE.com.", false, "https://example.com./", publicIP + ":443"},
		{"example.com", false, "https://example.com:/", publicIP + ":443"},
		{"example.com", false, "https://example.com:443/", publicIP + ":443"},
		{"example.com:443", false, "https://example.com/", publicIP + ":443"},
		{"example.com:8443", false, "https://example.com:8443/", publicIP + ":8443"},
		{"example.com:8443", false, "https://example.com/", denied},
		{"example.com", false, "https://example.com:8443/", denied},
		{"example.com", false, "https://example.com:80/", denied},
		{"example.com:443", false, "http://example.com/", denied},
		{"", false, "https://example.com/", denied},
		{"example.com", false, "https://sub.example.com/", denied},
		{"example.com", false, "https://example.com.evil.net/", denied},
		{"example.com", false, "https://evil-example.com/", denied},
		{"*.example.com", false, "https://sub.example.com/", publicIP + ":443"},
		{"*.example.com", false, "https://a.b.example.com/", publicIP + ":443"},
		{"*.example.com", false, "https://example.com/", denied},
		{"*.example.com", false, "https://evilexample.com/", denied},
		{"*.example.com:81", false, "http://a.example.com:81/", publicIP + ":81"},
		{"*.example.com:81", false, "http://a.example.com/", denied},
		{"пример.рф", false, "https://xn--e1afmkfd.xn--p1ai/", publicIP + ":443"},
		{"xn--e1afmkfd.xn--p1ai", false, "https://ПРИМЕР.рф/", publicIP + ":443"},
		{"apple.com", false, "https://аpple.com/", denied}, // Cyrillic а
		{"example.com", false, "https://ｅxample。com/", publicIP + ":443"},

		{"example.com", false, "https://user@example.com/", invalid},
		{"example.com", false, "https://example.com@evil.net/", invalid},
		{"example.com", false, "https://example.com:443@evil.net/", invalid},
		{"example.com", false, `https://evil.net\@example.com/`, invalid},
		{"example.com", false, "https://evil.net#@example.com/", denied},
		{"example.com", false, "https://evil.net?@example.com/", denied},
		{"example.com", false, "https://example.com%2eevil.net/", invalid},
		{"example.com", false, "https://example.com%00.evil.net/", invalid},
		{"example.com", false, "https://example.com\r\n.evil.net/", invalid},
		{"example.com", false, "https://example.com :443/", invalid},
		{"example.com", false, "https://example.com:0/", invalid},
		{"example.com", false, "https://example.com:99999/", invalid},
		{"example.com", false, "https://example.com:-1/", invalid},
		{"example.com", false, "//example.com/", invalid},
		{"example.com", false, "example.com", invalid},
		{"example.com", false, "https:example.com", invalid},
		{"example.com", false, "https:///path", invalid},
		{"example.com", false, "", invalid},
		{"example.com", false, "ftp://example.com/", invalid},
		{"example.com", false, "file:///etc/passwd", invalid},
		{"example.com", false, "gopher://example.com/", invalid},
		{"example.com", false, "unix:///run/docker.sock", invalid},
		{"example.com", false, "https://" + strings.Repeat("a", 300) + ".com/", invalid},
		{"example.com", false, "https://example.com/" + strings.Repeat("a", 9000), invalid},

		// Addresses in all their disguises.
		{"127.0.0.1", false, "http://127.0.0.1/", denied},
		{"127.0.0.1", true, "http://127.0.0.1/", "127.0.0.1:80"},
		{"127.0.0.1", true, "http://127.0.0.1./", "127.0.0.1:80"},
		{"127.0.0.1", true, "http://１２７.0.0.1/", "127.0.0.1:80"},
		{"127.0.0.1", true, "http://127.0.0.2/", denied},
		{"127.0.0.1", true, "http://127.1/", invalid},
		{"127.0.0.1", true, "http://0x7f.1/", invalid},
		{"127.0.0.1", true, "http://0x7f000001/", invalid},
		{"127.0.0.1", true, "http://0X7F.0.0.0x1/", invalid},
		{"127.0.0.1", true, "http://2130706433/", invalid},
		{"127.0.0.1", true, "http://0177.0.0.1/", invalid},
		{"127.0.0.1", true, "http://127.0.0.01/", invalid},
		{"127.0.0.1", true, "http://127.0.0.1.0x/", invalid},
		{"127.0.0.1", true, "http://[::ffff:127.0.0.1]/", invalid},
		{"127.0.0.1", true, "http://[::ffff:7f00:1]/", invalid},
		{"127.0.0.1", true, "http://[::127.0.0.1]/", denied},
		{"127.0.0.1", true, "http://[127.0.0.1]/", invalid},
		{"127.0.0.1", true, "http://localhost/", denied},
		{"127.0.0.1:13013", true, "http://127.0.0.1:13013/", "127.0.0.1:13013"},
		{"127.0.0.1:13013", true, "http://127.0.0.1:8021/", denied},
		{"[::1]", true, "http://[::1]/", "[::1]:80"},
		{"[::1]:8080", true, "http://[0:0:0:0:0:0:0:1]:8080/", "[::1]:8080"},
		{"[::1]", false, "http://[::1]/", denied},
		{"[fe80::1]", true, "http://[fe80::1%25eth0]/", invalid},
		{"[fe80::1]", true, "http://[fe80::1]/", "[fe80::1]:80"},
		{"0.0.0.0", true, "http://0.0.0.0/", denied},
		{"0.0.0.0", true, "http://0/", invalid},
		{"[::]", true, "http://[::]/", denied},
		{"169.254.169.254", false, "http://169.254.169.254/", denied},
		{"169.254.169.254", true, "http://169.254.169.254/", "169.254.169.254:80"},
		{publicIP, false, "http://" + publicIP + "/", publicIP + ":80"},
		{"[2606:2800:220::1]", false, "https://[2606:2800:220::1]/", "[2606:2800:220::1]:443"},
	} {
		r := newRig(t, httpcall.PoolOptions{})
		for _, name := range []string{"example.com", "sub.example.com", "a.example.com", "a.b.example.com", "xn--e1afmkfd.xn--p1ai"} {
			r.dns.names[name] = []string{publicIP}
		}
		g := plain(strings.Fields(x.hosts)...)
		g.Private = x.private
		_, f := fetch(t, r.client(g, httpcall.Limits{}), abi.HTTPRequest{URL: x.url})
		if f == nil {
			t.Fatalf("%q: succeeded without a network", x.url)
		}
		if f.Sent {
			t.Errorf("%q: claims to have sent something", x.url)
		}
		got := string(f.Code)
		if dials := r.dialed(); len(dials) > 0 {
			got = strings.Join(dials, " ")
			if f.Code != abi.CodeUnavailable {
				t.Errorf("%q was dialed and then %s", x.url, f.Code)
			}
		}
		if got != x.want {
			t.Errorf("%q with %q, private %v: got %s (%s), want %s", x.url, x.hosts, x.private, got, f.Detail, x.want)
		}
	}
}

func TestDeniedSaysHowToGrant(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.dns.names["intra.example"] = []string{"10.1.2.3"}
	r.dns.names["meta.example"] = []string{"169.254.169.254"}
	r.dns.names["cast.example"] = []string{"224.0.0.1"}
	c := r.client(plain("intra.example", "meta.example", "cast.example"), httpcall.Limits{})
	f := bad(t, c, abi.HTTPRequest{URL: "https://api.example/?key=s3cret"}, abi.CodeDenied, false, `add "api.example:443" to hosts`)
	if strings.Contains(f.Detail, "s3cret") || f.Message != "demo" || f.Source != abi.SourcePlugin {
		t.Errorf("got %+v", f)
	}
	bad(t, c, abi.HTTPRequest{URL: "http://intra.example/"}, abi.CodeDenied, false, `"intra.example" has the address 10.1.2.3, which is private; to allow it, set private = true`)
	bad(t, c, abi.HTTPRequest{URL: "http://meta.example/"}, abi.CodeDenied, false, "write the address itself into hosts")
	bad(t, c, abi.HTTPRequest{URL: "http://cast.example/"}, abi.CodeDenied, false, "cannot be granted")
	secure := r.client(httpcall.Grant{Hosts: []string{"intra.example"}}, httpcall.Limits{})
	bad(t, secure, abi.HTTPRequest{URL: "http://intra.example/"}, abi.CodeDenied, false, "not encrypted")
	f = bad(t, c, abi.HTTPRequest{URL: "https://exa mple/?key=s3cret"}, abi.CodeInvalid, false, "url")
	if strings.Contains(f.Detail, "s3cret") {
		t.Errorf("the detail quotes the URL: %q", f.Detail)
	}
}

func TestResolvedAddressesAreJudged(t *testing.T) {
	never := []string{"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0", "64:ff9b::e000:1"}
	metadata := []string{"169.254.169.254", "::ffff:169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"}
	private := []string{
		"127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1",
		"2001::1", "2001:db8::1", "3fff::1", "100::1", "4000::1", "::7f00:1", "5f00::1",
	}
	public := []string{"1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"}
	dialed := func(address string, allowPrivate bool) bool {
		r := newRig(t, httpcall.PoolOptions{})
		r.dns.names["name.example"] = []string{address}
		g := plain("name.example")
		g.Private = allowPrivate
		_, f := fetch(t, r.client(g, httpcall.Limits{}), abi.HTTPRequest{URL: "http://name.example/"})
		if f == nil || f.Sent || (f.Code == abi.CodeDenied) == (len(r.dialed()) > 0) {
			t.Errorf("%s, private %v: %+v, dialed %v", address, allowPrivate, f, r.dialed())
		}
		return len(r.dialed()) > 0
	}
	for _, x := range []struct {
		list             []string
		without, granted bool
	}{{never, false, false}, {metadata, false, false}, {private, false, true}, {public, true, true}} {
		for _, a := range x.list {
			if got := dialed(a, false); got != x.without {
				t.Errorf("%s without private: dialed %v, want %v", a, got, x.without)
			}
			if got := dialed(a, true); got != x.granted {
				t.Errorf("%s with private: dialed %v, want %v", a, got, x.granted)
			}
		}
	}
}

func TestMixedAnswersKeepTheirPublicPart(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.dns.names["mixed.example"] = []string{"127.0.0.1 2606:4700::1 10.0.0.1 1.1.1.1 2606:4700::2 1.0.0.1"}
	c := r.client(plain("mixed.example"), httpcall.Limits{})
	bad(t, c, abi.HTTPRequest{URL: "http://mixed.example/"}, abi.CodeUnavailable, false, "no route")
	want := []string{"[2606:4700::1]:80", "1.1.1.1:80", "[2606:4700::2]:80", "1.0.0.1:80"}
	if got := r.dialed(); !slices.Equal(got, want) {
		t.Errorf("dialed %v, want %v", got, want)
	}
}

func TestManyAddressesAreNotAPortScan(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	var all []string
	for i := range 200 {
		all = append(all, "1.1.1."+string('0'+rune(i%10)))
	}
	r.dns.names["many.example"] = []string{strings.Join(all, " ")}
	c := r.client(plain("many.example"), httpcall.Limits{})
	bad(t, c, abi.HTTPRequest{URL: "http://many.example/"}, abi.CodeUnavailable, false, "no route")
	if got := len(r.dialed()); got != 6 {
		t.Errorf("%d addresses dialed, want 6", got)
	}
}
