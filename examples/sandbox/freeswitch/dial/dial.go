package dial

import (
	"errors"
	"strconv"
	"strings"
)

// ErrUsage means that originate was given too few or too many arguments.
var ErrUsage = errors.New("dial: originate needs 2 to 7 arguments")

// ErrParse means a variable group that does not close or leaves nothing to dial;
// FreeSWITCH answers DESTINATION_OUT_OF_ORDER.
var ErrParse = errors.New("dial: variable group does not close")

// Var is one channel variable in the order in which it was written.
type Var struct{ Name, Value string }

// Leg is one thing to dial: "endpoint/data" with the variables that reach it.
type Leg struct {
	Endpoint string // lower case: user, sofia, loopback, error, null …
	Data     string // what follows the first slash, unparsed
	Raw      string // the leg as written, without its own [variables]
	Vars     []Var  // <enterprise>, {all legs} and [this leg], outermost first
}

// List is how several legs of one dial string are combined.
type List struct {
	// Threads are `:_:` branches; within one, Tries are `|` alternatives; within one
	// try the legs ring together (`,`).
	Threads [][]Try
}

// Try is a set of legs that ring at the same time.
type Try []Leg

// Legs returns every leg of the list in written order.
func (l List) Legs() []Leg {
	var all []Leg
	for _, thread := range l.Threads {
		for _, try := range thread {
			all = append(all, try...)
		}
	}
	return all
}

// Originate is a parsed originate command.
type Originate struct {
	DialString string
	Exten      string // "&app(args)" or an extension
	Dialplan   string // "XML" unless given
	Context    string // "default" unless given
	CallerName string
	CallerNum  string
	Timeout    int // seconds, 60 unless given
}

// ParseOriginate splits the argument text of an originate command. The only error is ErrUsage.
func ParseOriginate(arguments string) (Originate, error) {
	fields := Separate(arguments, ' ', 10)
	if len(fields) < 2 || len(fields) > 7 {
		return Originate{}, ErrUsage
	}
	at := func(i int) string {
		if i >= len(fields) || strings.EqualFold(fields[i], "undef") {
			return ""
		}
		return fields[i]
	}
	o := Originate{DialString: at(0), Exten: at(1), Dialplan: at(2), Context: at(3), CallerName: at(4), CallerNum: at(5), Timeout: 60}
	if o.DialString == "" || o.Exten == "" {
		return Originate{}, ErrUsage
	}
	if o.Dialplan == "" {
		o.Dialplan = "XML"
	}
	if o.Context == "" {
		o.Context = "default"
	}
	if seconds, err := strconv.Atoi(at(6)); err == nil && seconds > 0 {
		o.Timeout = seconds
	}
	return o, nil
}

// App is one dialplan application with its unexpanded arguments.
type App struct{ Name, Args string }

// Apps returns the applications that the command itself names: "&app(args)", or
// the list of an inline dialplan ("app:args,app2:args2", "m:^:…" picks the
// separator). ok is false when Exten is an ordinary extension.
func (o Originate) Apps() (apps []App, ok bool) {
	if len(o.Exten) > 1 && o.Exten[0] == '&' {
		name, args, found := strings.Cut(o.Exten[1:], "(")
		if found {
			if i := strings.LastIndexByte(args, ')'); i >= 0 {
				args = args[:i]
			}
		}
		return []App{{name, args}}, true
	}
	if !strings.EqualFold(o.Dialplan, "inline") {
		return nil, false
	}
	return ParseInline(o.Exten), true
}

// ParseInline reads the application list of the inline dialplan.
func ParseInline(text string) []App {
	delim := byte(',')
	if len(text) >= 4 && strings.HasPrefix(text, "m:") && text[3] == ':' {
		delim, text = text[2], text[4:]
	}
	var apps []App
	for _, field := range Separate(text, delim, 128) {
		name, args, _ := strings.Cut(field, ":")
		apps = append(apps, App{strings.TrimSpace(name), args})
	}
	return apps
}

// Parse reads a dial string. Errors: ErrParse.
func Parse(text string) (List, error) {
	var list List
	text = strings.TrimLeft(text, " ")
	enterprise, text, err := groups(text, '<', '>')
	if err != nil {
		return list, err
	}
	for branch := range strings.SplitSeq(text, ":_:") {
		thread, err := parseThread(branch, enterprise)
		if err != nil {
			return List{}, err
		}
		list.Threads = append(list.Threads, thread)
	}
	return list, nil
}

func parseThread(text string, outer []Var) ([]Try, error) {
	all, text, err := groups(strings.TrimLeft(text, " "), '{', '}')
	if err != nil {
		return nil, err
	}
	vars := append(append([]Var(nil), outer...), all...)
	var tries []Try
	for _, alternative := range Separate(text, '|', 128) {
		var try Try
		for _, raw := range splitLegs(alternative) {
			own, rest, err := groups(strings.TrimLeft(raw, " "), '[', ']')
			if err != nil {
				return nil, err
			}
			endpoint, data, _ := strings.Cut(rest, "/")
			try = append(try, Leg{
				Endpoint: strings.ToLower(endpoint), Data: data, Raw: rest,
				Vars: append(append([]Var(nil), vars...), own...),
			})
		}
		if len(try) > 0 {
			tries = append(tries, try)
		}
	}
	if len(tries) == 0 {
		return nil, ErrParse
	}
	return tries, nil
}

// Commas inside [leg variables] must not split the list: they travel as these
// bytes (QUOTED_ESC_COMMA and UNQUOTED_ESC_COMMA in switch_ivr_originate.c).
const hiddenComma = "\x01"

func splitLegs(text string) []string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] == '[' {
			if end := endParen(text[i:], '[', ']'); end > 0 {
				b.WriteString(strings.ReplaceAll(text[i:i+end+1], ",", hiddenComma))
				i += end + 1
				continue
			}
		}
		b.WriteByte(text[i])
		i++
	}
	legs := Separate(b.String(), ',', 128)
	for i := range legs {
		legs[i] = strings.ReplaceAll(legs[i], hiddenComma, ",")
	}
	return legs
}

// groups takes the variable groups off the front of text (switch_event_create_brackets).
func groups(text string, open, closing byte) (vars []Var, rest string, err error) {
	for strings.HasPrefix(text, string(open)) {
		end := endParen(text, open, closing)
		if end < 0 || strings.TrimSpace(text[end+1:]) == "" {
			return nil, "", ErrParse
		}
		for _, pair := range Separate(text[1:end], ',', 1024) {
			if nameValue := Separate(pair, '=', 2); len(nameValue) == 2 {
				vars = append(vars, Var{nameValue[0], nameValue[1]})
			}
		}
		text = strings.TrimLeft(text[end+1:], " ")
	}
	return vars, text, nil
}

// Lookup returns the last value of a variable, as later ones win.
func Lookup(vars []Var, name string) (string, bool) {
	for i := len(vars) - 1; i >= 0; i-- {
		if strings.EqualFold(vars[i].Name, name) {
			return vars[i].Value, true
		}
	}
	return "", false
}
