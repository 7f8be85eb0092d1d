package curl

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Sample is what the example message of the command was, as far as the manager
// knows; empty fields are guessed.
type Sample struct{ Phone, Message, Originator string }

// Template is a command as the settings of sms-http.
type Template struct {
	// Settings are those of sms-http, secrets among them.
	Settings map[string]any
	// Hosts are what the instance must be granted.
	Hosts []string
	// Notes say what was found, what was guessed and what to check.
	Notes []string
}

// Names under which aggregators take the parts of a message, in lower case without
// "-" and "_".
var (
	phoneNames      = []string{"to", "phone", "phones", "number", "numbers", "msisdn", "recipient", "recipients", "dest", "destination", "dst", "da", "receiver", "mobile", "tel", "abonent", "target", "address", "destinationaddress"}
	messageNames    = []string{"text", "message", "msg", "mes", "body", "content", "sms", "smstext", "messagetext", "shortmessage"}
	originatorNames = []string{"from", "sender", "originator", "src", "source", "sadr", "sign", "signature", "sendername", "senderid", "alphaname", "naming", "sourceaddress"}
	passwordNames   = []string{"password", "psw", "pass", "pwd", "passwd", "secret"}
	keyNames        = []string{"apikey", "apiid", "key", "token", "accesstoken", "authtoken", "apitoken", "apisecret", "appkey", "xapikey", "xauthtoken"}
	loginNames      = []string{"login", "user", "username", "usr", "account", "email"}
	phonePattern    = regexp.MustCompile(`^\+?[0-9]{10,15}$`)
	anyPhone        = regexp.MustCompile(`\+?[0-9]{11,15}`)
)

// maker turns values into placeholders and remembers what became of them.
type maker struct {
	sample   Sample
	settings map[string]any
	notes    []string
	found    map[string]bool
}

// Template turns the command into settings.
func (c *Command) Template(sample Sample) (*Template, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("the address: %w", err)
	}
	m := &maker{sample: sample, settings: map[string]any{}, notes: slices.Clone(c.Notes), found: map[string]bool{}}
	m.settings["url"] = m.url(u)
	if c.Method != "GET" || c.Form != nil || c.Body != "" {
		m.settings["method"] = c.Method
	}
	m.authorize(c)
	m.headers(c)
	m.body(c)
	for name, what := range map[string]string{"phone": "number of the recipient", "message": "text"} {
		if !m.found[name] {
			m.note("the " + what + " was not found; put {" + name + "} where it belongs")
		}
	}
	slices.Sort(m.notes)
	return &Template{Settings: m.settings, Hosts: []string{strings.ToLower(u.Host)}, Notes: slices.Compact(m.notes)}, nil
}

func (m *maker) note(text string) { m.notes = append(m.notes, text) }

// value returns the template of a value that stands under a name.
func (m *maker) value(name, value string) string {
	plain := strings.NewReplacer("-", "", "_", "", "[", "", "]", "").Replace(strings.ToLower(name))
	is := func(names []string) bool { return slices.Contains(names, plain) }
	switch {
	case value == "":
		return value
	case value == m.sample.Phone, m.sample.Phone == "" && is(phoneNames) && phonePattern.MatchString(value):
		m.found["phone"] = true
		if value[0] == '+' {
			return "{phone}"
		}
		return "{phone_digits}"
	case value == m.sample.Message, m.sample.Message == "" && is(messageNames):
		m.found["message"] = true
		return "{message}"
	case value == m.sample.Originator, m.sample.Originator == "" && is(originatorNames):
		m.settings["originator"] = value
		if len(value) > 15 {
			delete(m.settings, "originator")
		}
		return "{originator}"
	case is(passwordNames):
		return m.keep("password", value)
	case is(keyNames):
		return m.keep("api_key", value)
	case is(loginNames):
		return m.keep("login", value)
	}
	return value
}

// keep puts a value into a setting of its own, where secrets belong.
func (m *maker) keep(setting, value string) string {
	if old, taken := m.settings[setting]; taken && old != value {
		m.note("there are two values for " + setting + "; the second one stays in the template")
		return value
	}
	m.settings[setting] = value
	return "{settings." + setting + "}"
}

// url keeps everything as it was written but the values of the query.
func (m *maker) url(u *url.URL) string {
	base := *u
	base.RawQuery, base.Fragment = "", ""
	out := base.String()
	if u.RawQuery == "" {
		return out
	}
	var parts []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, raw, ok := strings.Cut(part, "=")
		plain, errName := url.QueryUnescape(name)
		value, err := url.QueryUnescape(raw)
		if ok && err == nil && errName == nil {
			if made := m.value(plain, value); made != value {
				raw = made
			}
			part = name + "=" + raw
		}
		parts = append(parts, part)
	}
	return out + "?" + strings.Join(parts, "&")
}

func (m *maker) authorize(c *Command) {
	scheme, credentials, _ := strings.Cut(c.header("Authorization"), " ")
	switch {
	case c.User != "" || c.Password != "":
		m.settings["auth"], m.settings["login"], m.settings["password"] = "basic", c.User, c.Password
	case strings.EqualFold(scheme, "Bearer"):
		m.settings["auth"], m.settings["api_key"] = "bearer", strings.TrimSpace(credentials)
	case strings.EqualFold(scheme, "Basic"):
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials)); err == nil {
			login, password, _ := strings.Cut(string(raw), ":")
			m.settings["auth"], m.settings["login"], m.settings["password"] = "basic", login, password
		}
	}
}

// headers takes the headers over that the plugin does not make itself.
func (m *maker) headers(c *Command) {
	out := map[string]any{}
	for _, h := range c.Headers {
		switch name := strings.ToLower(h.Name); {
		case name == "authorization" && m.settings["auth"] != nil, name == "content-length", name == "host", name == "user-agent", name == "accept-encoding":
		case name == "content-type" && (c.Form != nil || c.Body != "" && kindOf(c) != "text"):
		case name == "authorization":
			out[h.Name] = m.keep("api_key", h.Value)
		default:
			out[h.Name] = m.value(h.Name, h.Value)
		}
	}
	if len(out) > 0 {
		m.settings["headers"] = out
	}
}

// kindOf is the body_kind of sms-http.
func kindOf(c *Command) string {
	kind := strings.ToLower(c.header("Content-Type"))
	body := strings.TrimSpace(c.Body)
	switch {
	case strings.Contains(kind, "json"), kind == "" && strings.IndexAny(body, "{[") == 0:
		return "json"
	case strings.Contains(kind, "xml"), kind == "" && strings.HasPrefix(body, "<"):
		return "xml"
	}
	return "text"
}

func (m *maker) body(c *Command) {
	switch {
	case c.Form != nil:
		m.settings["body_kind"] = "form"
		fields := map[string]any{}
		for _, p := range c.Form {
			if _, twice := fields[p.Name]; twice {
				m.note("the field " + p.Name + " is there twice; only the first one is taken over")
				continue
			}
			fields[p.Name] = m.value(p.Name, p.Value)
		}
		m.settings["fields"] = fields
	case c.Body != "":
		kind := kindOf(c)
		m.settings["body_kind"] = kind
		if kind == "json" {
			if root, err := jsontree.Parse([]byte(c.Body)); err == nil {
				m.settings["body"] = m.json("", root, "")
				return
			}
			m.note("the body is no well-formed JSON; check it")
		}
		m.settings["body"] = m.text(c.Body)
	}
}

// text replaces what is recognised without a name.
func (m *maker) text(body string) string {
	if m.sample.Message != "" && strings.Contains(body, m.sample.Message) {
		body, m.found["message"] = strings.ReplaceAll(body, m.sample.Message, "{message}"), true
	}
	return anyPhone.ReplaceAllStringFunc(body, func(number string) string {
		if m.sample.Phone != "" && number != m.sample.Phone {
			return number
		}
		m.found["phone"] = true
		if number[0] == '+' {
			return "{phone}"
		}
		return "{phone_digits}"
	})
}

// json writes a value with placeholders in it.
func (m *maker) json(name string, n *jsontree.Node, indent string) string {
	inner := indent + "  "
	switch n.Kind {
	case jsontree.Object:
		if len(n.Members) == 0 {
			return "{}"
		}
		var lines []string
		for _, member := range n.Members {
			lines = append(lines, inner+quote(member.Key)+": "+m.json(member.Key, member.Value, inner))
		}
		return "{\n" + strings.Join(lines, ",\n") + "\n" + indent + "}"
	case jsontree.Array:
		if len(n.Elements) == 0 {
			return "[]"
		}
		var lines []string
		for _, e := range n.Elements {
			lines = append(lines, inner+m.json(name, e, inner))
		}
		return "[\n" + strings.Join(lines, ",\n") + "\n" + indent + "]"
	case jsontree.String:
		return quote(m.value(name, n.Text))
	case jsontree.Number:
		if made := m.value(name, n.Text); made == "{phone_digits}" {
			return made // a number outside of quotation marks
		}
		return n.Text
	case jsontree.Bool:
		return fmt.Sprint(n.Bool)
	}
	return "null"
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
