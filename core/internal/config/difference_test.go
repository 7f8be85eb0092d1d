package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

func TestDifferences(t *testing.T) {
	const tls = "\ntls {\n certificate = \"a.crt\"\n key = \"a.key\"\n}\n"
	node := func(name string) string {
		return "freeswitch \"" + name + "\" {\n account_pattern = \"^[0-9]+$\"\n password = \"p-" + name + "\"\n}\n"
	}
	for name, row := range map[string]struct {
		a, b string
		want []string
	}{
		"nothing":       {"gateway {\n listen = \"127.0.0.1:1\"\n}", "\n\ngateway { listen = \"127.0.0.1:1\" }", nil},
		"listen":        {"", "gateway {\n listen = \"127.0.0.1:1\"\n}", []string{"gateway.listen"}},
		"several":       {"", "gateway {\n region = \"KZ\"\n public_url = \"https://a.example\"\n time_zone = \"UTC\"\n}\nlimits {\n user = \"1/s\"\n}", []string{"gateway.public_url", "gateway.region", "gateway.time_zone", "limits.user"}},
		"TLS on":        {"", "gateway {" + tls + "}", []string{"gateway.tls"}},
		"certificate":   {"gateway {" + tls + "}", "gateway {" + strings.ReplaceAll(tls, "a.crt", "b.crt") + "}", []string{"gateway.tls.certificate"}},
		"same zone":     {"gateway {\n time_zone = \"UTC\"\n}", "gateway {\n time_zone = \"UTC\"\n}", nil},
		"secret":        {"gateway {\n secret_key = \"a\"\n}", "gateway {\n secret_key = \"b\"\n}", []string{"gateway.secret_key"}},
		"drain":         {"", "gateway {\n drain = \"1s\"\n drain_notice = \"2s\"\n}", []string{"gateway.drain", "gateway.drain_notice"}},
		"nested":        {"", "auth {\n argon2 {\n time = 3\n }\n login {\n attempts = 7\n }\n}", []string{"auth.argon2.time", "auth.login.attempts"}},
		"module":        {"module \"sms\" {}", "module \"sms\" {\n enabled = false\n}", []string{"module"}},
		"provider":      {"", "provider \"p\" {\n secrets = { a = \"b\" }\n}", []string{"provider"}},
		"guard":         {"guard \"message\" {\n mode = \"watch\"\n}", "guard \"message\" {\n mode = \"off\"\n}", []string{"guard"}},
		"node":          {node("a"), node("b"), []string{"freeswitch"}},
		"same node":     {node("a"), "# moved\n" + node("a"), nil},
		"node password": {node("a"), strings.ReplaceAll(node("a"), "p-a", "p-b"), []string{"freeswitch"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := config.Differences(parse(t, row.a), parse(t, row.b)); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// TestDifferencesNamesKeys: every name that can come out is a key or a block that
// the file may hold, so that a message with it can be acted on.
func TestDifferencesNamesKeys(t *testing.T) {
	full := parse(t, readExample(t))
	for _, path := range config.Differences(full, config.Default()) {
		last := path[strings.LastIndexByte(path, '.')+1:]
		if !strings.Contains(readExample(t), last+" ") {
			t.Errorf("%s: no key or block of the example is called %q", path, last)
		}
	}
}
