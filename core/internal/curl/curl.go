package curl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Pair is a name with its value, of a header or of a form.
type Pair struct{ Name, Value string }

// Command is what a curl command would send.
type Command struct {
	Method   string
	URL      string
	Headers  []Pair
	Form     []Pair // urlencoded or multipart; nil when there is none
	Body     string // when it is no form
	User     string // basic authentication
	Password string
	// Notes say what was left out, for people.
	Notes []string
}

// Flags without a value that change nothing about the request.
var harmless = map[string]bool{
	"-s": true, "--silent": true, "-S": true, "--show-error": true, "-v": true, "--verbose": true, "-i": true, "--include": true, "-L": true,
	"--location": true, "--compressed": true, "-f": true, "--fail": true, "--http1.1": true, "--http2": true, "-#": true, "--progress-bar": true,
	"-N": true, "--no-buffer": true, "--basic": true, "-4": true, "-6": true, "--fail-with-body": true,
}

// Options with a value that change nothing about the request.
var skipped = map[string]bool{
	"-o": true, "--output": true, "-m": true, "--max-time": true, "--connect-timeout": true, "--retry": true, "-w": true, "--write-out": true,
	"-A": true, "--user-agent": true, "-e": true, "--referer": true, "--retry-delay": true, "--limit-rate": true,
}

// Long names of the options that are read.
var long = map[string]string{
	"--request": "-X", "--header": "-H", "--data": "-d", "--data-ascii": "-d", "--data-raw": "--data-raw", "--data-binary": "-d", "--user": "-u", "--form": "-F",
	"--get": "-G", "--head": "-I", "--cookie": "-b", "--insecure": "-k", "--proxy": "-x",
}

// parser collects what the options say.
type parser struct {
	command Command
	data    []string // urlencoded parts of the body
	get     bool
}

// Parse reads a command. The word curl may be missing.
//
// # Errors
//
// What is no curl command, would need a file or a shell, or is not known.
func Parse(text string) (*Command, error) {
	list, err := words(text)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 && (list[0] == "$" || list[0] == ">") { // a prompt that was copied along
		list = list[1:]
	}
	if len(list) > 0 && (list[0] == "curl" || list[0] == "curl.exe") {
		list = list[1:]
	}
	p := &parser{}
	for i := 0; i < len(list); i++ {
		next, err := p.option(list[i], list[i+1:])
		if err != nil {
			return nil, err
		}
		i += next
	}
	return p.finish()
}

// option takes one word, with the ones behind it, and returns how many of those it
// used up.
func (p *parser) option(word string, rest []string) (used int, err error) {
	name, value, attached := word, "", false
	switch {
	case word == "--":
		return 0, nil
	case strings.HasPrefix(word, "--"):
		if n, v, ok := strings.Cut(word, "="); ok {
			name, value, attached = n, v, true
		}
		if short := long[name]; short != "" {
			name = short
		}
	case len(word) > 1 && word[0] == '-':
		if harmless[word] {
			return 0, nil
		}
		// -sSL is three flags, -XPOST an option with its value.
		if flag := word[:2]; len(word) > 2 && (harmless[flag] || flag == "-k" || flag == "-G") {
			if _, err := p.option(flag, nil); err != nil {
				return 0, err
			}
			return p.option("-"+word[2:], rest)
		}
		if len(word) > 2 {
			name, value, attached = word[:2], word[2:], true
		}
	default:
		return 0, p.address(word)
	}
	switch {
	case harmless[name]:
		return 0, nil
	case name == "-G":
		p.get = true
		return 0, nil
	case name == "-I":
		p.command.Method = "HEAD"
		return 0, nil
	case name == "-k":
		p.note("-k: certificates are always checked here")
		return 0, nil
	}
	if !attached {
		if len(rest) == 0 {
			return 0, fmt.Errorf("%s has no value, or is not known", name)
		}
		value, used = rest[0], 1
	}
	return used, p.set(name, value)
}

func (p *parser) set(name, value string) error {
	switch name {
	case "-X":
		p.command.Method = strings.ToUpper(value)
	case "--url":
		return p.address(value)
	case "-H":
		return p.header(value)
	case "-u":
		p.command.User, p.command.Password, _ = strings.Cut(value, ":")
	case "--oauth2-bearer":
		return p.header("Authorization: Bearer " + value)
	case "-d", "--data-raw", "--json":
		if name != "--data-raw" && strings.HasPrefix(value, "@") {
			return errFile
		}
		if name == "--json" {
			p.command.Headers = append(p.command.Headers, Pair{"Content-Type", "application/json"})
		}
		p.data = append(p.data, value)
	case "--data-urlencode":
		return p.encoded(value)
	case "-F", "--form-string":
		return p.form(value)
	case "-b":
		if !strings.Contains(value, "=") {
			return errFile
		}
		p.command.Headers = append(p.command.Headers, Pair{"Cookie", value})
	case "-x":
		p.note("-x: proxies of the command are not taken over")
	default:
		if !skipped[name] {
			return fmt.Errorf("the option %s is not known here", name)
		}
	}
	return nil
}

var errFile = errors.New("the command reads a file (@…); put the contents into the command")

func (p *parser) note(text string) { p.command.Notes = append(p.command.Notes, text) }

func (p *parser) address(text string) error {
	if p.command.URL != "" {
		return fmt.Errorf("there are two addresses, or something is not in quotation marks: %.60q", text)
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text // as curl does
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%.60q is no address with http:// or https://", text)
	}
	if u.User != nil {
		p.command.User = u.User.Username()
		p.command.Password, _ = u.User.Password()
		u.User = nil
		text = u.String()
	}
	p.command.URL = text
	return nil
}

func (p *parser) header(text string) error {
	name, value, ok := strings.Cut(text, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || strings.ContainsAny(text, "\r\n\x00") {
		return fmt.Errorf("%.60q is no header", text)
	}
	p.command.Headers = append(p.command.Headers, Pair{name, value})
	return nil
}

// encoded reads the forms of --data-urlencode: "text", "=text", "name=text".
func (p *parser) encoded(text string) error {
	name, value, ok := strings.Cut(text, "=")
	switch {
	case !ok && strings.Contains(text, "@"):
		return errFile
	case !ok:
		p.data = append(p.data, url.QueryEscape(text))
	case name == "":
		p.data = append(p.data, url.QueryEscape(value))
	default:
		p.data = append(p.data, name+"="+url.QueryEscape(value))
	}
	return nil
}

// form reads "name=text" of -F. The aggregators that ask for multipart take an
// urlencoded form, too, nearly always, and sms-http sends nothing else.
func (p *parser) form(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("%.60q is no field of a form", text)
	}
	if strings.HasPrefix(value, "@") || strings.HasPrefix(value, "<") {
		return errFile
	}
	if p.command.Form == nil {
		p.note("-F: the fields are sent as application/x-www-form-urlencoded, not as multipart/form-data")
	}
	p.command.Form = append(p.command.Form, Pair{name, value})
	return nil
}

func (p *parser) finish() (*Command, error) {
	c := &p.command
	if c.URL == "" {
		return nil, errors.New("the command has no address")
	}
	data := strings.Join(p.data, "&")
	switch {
	case len(p.data) == 0:
	case p.get:
		separator := "?"
		if strings.Contains(c.URL, "?") {
			separator = "&"
		}
		c.URL += separator + data
		if _, err := url.Parse(c.URL); err != nil {
			return nil, fmt.Errorf("the address with the data of -G: %w", err)
		}
	default:
		if c.Form != nil {
			return nil, errors.New("-d and -F do not go together")
		}
		if pairs, ok := splitForm(data); ok && c.isForm() {
			c.Form = pairs
		} else {
			c.Body = data
		}
	}
	if c.Method == "" {
		c.Method = "GET"
		if c.Form != nil || c.Body != "" {
			c.Method = "POST"
		}
	}
	switch c.Method {
	case "GET", "POST", "PUT":
	default:
		return nil, fmt.Errorf("the method %.20q is not one of GET, POST and PUT", c.Method)
	}
	return c, nil
}

// isForm reports whether the data is a form: by its Content-Type or, without one,
// because it does not look like anything else.
func (c *Command) isForm() bool {
	kind := strings.ToLower(c.header("Content-Type"))
	return kind == "" || strings.HasPrefix(kind, "application/x-www-form-urlencoded")
}

func (c *Command) header(name string) string {
	for _, h := range c.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// splitForm takes an urlencoded form apart; ok is false for other texts.
func splitForm(text string) (pairs []Pair, ok bool) {
	if text == "" || strings.ContainsAny(text[:1], "{[<") {
		return nil, false
	}
	for part := range strings.SplitSeq(text, "&") {
		name, value, found := strings.Cut(part, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if !found || name == "" || errName != nil || errValue != nil {
			return nil, false
		}
		pairs = append(pairs, Pair{name, value})
	}
	return pairs, true
}
