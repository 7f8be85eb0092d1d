package e2e

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

// Debian's packages kannel and kannel-extras; nothing here is part of the world
// that the sandbox plays.
const (
	bearerbox = "/usr/sbin/bearerbox"
	smsbox    = "/usr/sbin/smsbox"
	fakesmsc  = "/usr/lib/kannel/test/fakesmsc"
)

const kannelConf = `
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = e2e
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
sms-combine-concatenated-mo = false

group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 13013

group = sendsms-user
username = patchbay
password = secret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
max-messages = 0
text = ""
`

// startKannel runs bearerbox, smsbox and Kannel's own fake SMSC. It returns the
// address of sendsms and the SMSC, whose output tells what arrived.
func startKannel(t *testing.T) (sendsms string, smsc *process) {
	t.Helper()
	for _, binary := range []string{bearerbox, smsbox, fakesmsc} {
		if _, err := exec.LookPath(binary); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: apt-get install kannel kannel-extras", binary)
			}
			t.Skipf("%s is missing: apt-get install kannel kannel-extras", binary)
		}
	}
	ports := map[string]string{}
	for _, name := range []string{"admin", "boxes", "smsc", "sendsms"} {
		_, port, err := net.SplitHostPort(freeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		ports[name] = port
	}
	conf := filepath.Join(t.TempDir(), "kannel.conf")
	if err := os.WriteFile(conf, []byte(expand(kannelConf, ports)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name, binary string, args ...string) *process {
		p, err := start(name, binary, nil, args...)
		if err != nil {
			t.Fatal(err)
		}
		p.attach(t, func() error { p.Kill(); return nil })
		return p
	}
	listening := func(p *process, port string) {
		eventually(t, p.Name+" to listen", func() bool {
			select {
			case <-p.Done():
				t.Fatalf("%s ended:\n%s", p.Name, p.Output())
			default:
			}
			c, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
	listening(run("bearerbox", bearerbox, "-v", "1", conf), ports["boxes"])
	// One incoming message: without any, fakesmsc would end.
	smsc = run("fakesmsc", fakesmsc, "-H", "127.0.0.1", "-r", ports["smsc"], "-i", "0.1", "-m", "1", "123 234 text nop")
	listening(run("smsbox", smsbox, "-v", "1", conf), ports["sendsms"])
	return "127.0.0.1:" + ports["sendsms"], smsc
}

// TestRealKannel sends an SMS through bearerbox and smsbox to Kannel's own fake
// SMSC.
func TestRealKannel(t *testing.T) {
	t.Parallel()
	sendsms, smsc := startKannel(t)
	w := newWorld(t, base+modules+strings.ReplaceAll(kannel, "{sandbox}", sendsms))
	cyrillic := "Проверка работы ПО АРІ ЦОВ 😀"
	long := strings.Repeat("Длинное сообщение из нескольких частей. ", 4)
	for _, text := range []string{cyrillic, "plain ASCII & a plus + 100%", long} {
		expect(t, text, w.post(t, "/sms/send", object("phone", "89190000000", "message", text)), 200, `{"result":"OK"}`)
		eventually(t, fmt.Sprintf("%q at the SMSC", text), func() bool { return strings.Contains(received(smsc.Output()), text) })
	}
	wrong := newWorld(t, base+modules+strings.NewReplacer("{sandbox}", sendsms, `"secret"`, `"wrong"`).Replace(kannel))
	if a := wrong.post(t, "/sms/send", object("phone", "89190000000", "message", "nobody reads this")); a.status == 200 && strings.Contains(a.body, "OK") {
		t.Errorf("with a wrong password: %d %s", a.status, a.body)
	}
	for _, m := range journal[message](t, wrong, "sms") {
		if m.Result != "error" {
			t.Errorf("journal after a wrong password: %+v", m)
		}
	}
}

// arrival matches what fakesmsc logs: sender, receiver, for the parts of a long
// text "udh" and the header, then "text" (7 bit), "data" or "ucs-2" and the content.
var arrival = regexp.MustCompile(`Got message \d+: <\S+ \S+ (?:udh \S+ )?(text|data|ucs-2) (.*)>`)

// received is everything that arrived, the parts of long texts joined.
func received(log string) string {
	var b strings.Builder
	for _, m := range arrival.FindAllStringSubmatch(log, -1) {
		if m[1] == "text" { // as it is, not escaped
			b.WriteString(m[2] + "\n")
			continue
		}
		raw, err := url.QueryUnescape(m[2])
		if err != nil {
			continue
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16([]byte(raw[2*i:]))
		}
		b.WriteString(string(utf16.Decode(units)))
	}
	return b.String()
}
