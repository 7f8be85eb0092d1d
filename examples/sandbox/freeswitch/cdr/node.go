package cdr

import (
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// node is one XML element as switch_xml_toxml prints it: two blanks per level, empty
// elements with a closing tag.
type node struct {
	name     string
	attrs    []Pair
	text     string
	children []*node
}

func (n *node) add(name, text string) *node {
	child := &node{name: name, text: text}
	n.children = append(n.children, child)
	return child
}

// document prints the whole file with its declaration.
func (n *node) document() []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n")
	n.write(&b, 0)
	return []byte(b.String())
}

func (n *node) write(b *strings.Builder, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + n.name)
	for _, a := range n.attrs {
		b.WriteString(" " + a.Name + "=\"" + escape(a.Value, true) + "\"")
	}
	b.WriteByte('>')
	if len(n.children) == 0 {
		b.WriteString(escape(n.text, false))
	} else {
		b.WriteByte('\n')
		for _, child := range n.children {
			child.write(b, depth+1)
		}
		b.WriteString(indent)
	}
	b.WriteString("</" + n.name + ">\n")
}

// escape writes entities the way switch_xml's ampencode does: non-ASCII as &#x…;.
func escape(text string, attribute bool) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"' && attribute:
			b.WriteString("&quot;")
		case r == '\n' && attribute:
			b.WriteString("&#xA;")
		case r == '\t' && attribute:
			b.WriteString("&#x9;")
		case r == '\r':
			b.WriteString("&#xD;")
		case r > '~':
			b.WriteString("&#x" + strings.ToUpper(strconv.FormatInt(int64(r), 16)) + ";")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// XML prints the record as mod_xml_cdr does. Variable names are written unchecked as
// element names, so a name that is no XML name makes the document malformed, as there.
func (r *Record) XML() []byte {
	root := &node{name: "cdr", attrs: []Pair{{"core-uuid", r.CoreUUID}, {"switchname", r.Switchname}}}
	data := root.add("channel_data", "")
	data.add("state", "CS_REPORTING")
	data.add("direction", r.Direction)
	data.add("state_number", "11")
	data.add("flags", r.Flags)
	data.add("caps", r.Caps)
	stats := root.add("call-stats", "")
	if len(r.AudioIn) > 0 || len(r.AudioOut) > 0 {
		audio := stats.add("audio", "")
		addPairs(audio.add("inbound", ""), r.AudioIn)
		addPairs(audio.add("outbound", ""), r.AudioOut)
	}
	variables := root.add("variables", "")
	for _, v := range r.Variables {
		variables.add(v.Name, event.Encode(v.Value, false))
	}
	log := root.add("app_log", "")
	for _, a := range r.AppLog {
		log.add("application", "").attrs = []Pair{{"app_name", a.Name}, {"app_data", a.Data}, {"app_stamp", a.Stamp}}
	}
	for i := range r.Flows {
		r.Flows[i].addTo(root)
	}
	return root.document()
}

func addPairs(n *node, pairs []Pair) {
	for _, p := range pairs {
		n.add(p.Name, p.Value)
	}
}

func (f *Flow) addTo(root *node) {
	flow := root.add("callflow", "")
	if f.Dialplan != "" {
		flow.attrs = append(flow.attrs, Pair{"dialplan", f.Dialplan})
	}
	flow.attrs = append(flow.attrs, Pair{"unique-id", f.UniqueID})
	if f.CloneOf != "" {
		flow.attrs = append(flow.attrs, Pair{"clone-of", f.CloneOf})
	}
	flow.attrs = append(flow.attrs, Pair{"profile_index", f.ProfileIndex})
	if f.Extension != "" {
		extension := flow.add("extension", "")
		extension.attrs = []Pair{{"name", f.Extension}, {"number", f.Number}}
		for _, a := range f.Apps {
			extension.add("application", "").attrs = []Pair{{"app_name", a.Name}, {"app_data", a.Data}}
		}
	}
	addPairs(flow.add("caller_profile", ""), f.Profile)
	addPairs(flow.add("times", ""), f.Times)
}
