// Package cdr writes call detail records as mod_xml_cdr and mod_json_cdr of FreeSWITCH
// 1.10.12 do, and posts them with their encodings, retries and error directory.
package cdr

import (
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// Pair is a named value in document order.
type Pair struct{ Name, Value string }

// App is one executed application.
type App struct{ Name, Data, Stamp string }

// Flow is one callflow element; the newest comes first in a record.
type Flow struct {
	Dialplan, UniqueID, CloneOf, ProfileIndex string
	Extension, Number                         string // no extension element if Extension is empty
	Apps                                      []App
	Profile, Times                            []Pair
}

// Record is one CDR. Values are plain text; encoding happens when it is written.
type Record struct {
	CoreUUID, Switchname, UUID string
	ALeg                       bool // posted with the a_ prefix
	Direction, Flags, Caps     string
	AudioIn, AudioOut          []Pair
	Variables                  []Pair
	AppLog                     []App
	Flows                      []Flow
}

// JSON writes the record as mod_json_cdr does with encode-values=false: every number is
// a string, call-stats is called callStats, an application list is an array.
func (r *Record) JSON() []byte {
	var b strings.Builder
	b.WriteString(`{"core-uuid":` + event.Quote(r.CoreUUID) + `,"switchname":` + event.Quote(r.Switchname))
	b.WriteString(`,"channel_data":`)
	writeObject(&b, []Pair{{"state", "CS_REPORTING"}, {"direction", r.Direction}, {"state_number", "11"}, {"flags", r.Flags}, {"caps", r.Caps}})
	b.WriteString(`,"callStats":{`)
	if len(r.AudioIn) > 0 || len(r.AudioOut) > 0 {
		b.WriteString(`"audio":{"inbound":`)
		writeObject(&b, r.AudioIn)
		b.WriteString(`,"outbound":`)
		writeObject(&b, r.AudioOut)
		b.WriteByte('}')
	}
	b.WriteString(`},"variables":`)
	writeObject(&b, r.Variables)
	b.WriteString(`,"app_log":{"applications":[`)
	for i, a := range r.AppLog {
		comma(&b, i)
		writeApp(&b, a, true)
	}
	b.WriteString(`]},"callflow":[`)
	for i := range r.Flows {
		comma(&b, i)
		r.Flows[i].writeJSON(&b)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

func (f *Flow) writeJSON(b *strings.Builder) {
	b.WriteByte('{')
	if f.Dialplan != "" {
		b.WriteString(`"dialplan":` + event.Quote(f.Dialplan) + ",")
	}
	b.WriteString(`"profile_index":` + event.Quote(f.ProfileIndex))
	if f.Extension != "" {
		b.WriteString(`,"extension":{"name":` + event.Quote(f.Extension) + `,"number":` + event.Quote(f.Number) + `,"applications":[`)
		for i, a := range f.Apps {
			comma(b, i)
			writeApp(b, a, false)
		}
		b.WriteString("]}")
	}
	b.WriteString(`,"caller_profile":`)
	writeObject(b, f.Profile)
	b.WriteString(`,"times":`)
	writeObject(b, f.Times)
	b.WriteByte('}')
}

func writeApp(b *strings.Builder, a App, logged bool) {
	pairs := []Pair{{"app_name", a.Name}}
	if a.Data != "" || !logged {
		pairs = append(pairs, Pair{"app_data", a.Data})
	}
	if logged {
		pairs = append(pairs, Pair{"app_stamp", a.Stamp})
	}
	writeObject(b, pairs)
}

func writeObject(b *strings.Builder, pairs []Pair) {
	b.WriteByte('{')
	for i, p := range pairs {
		comma(b, i)
		b.WriteString(event.Quote(p.Name) + ":" + event.Quote(p.Value))
	}
	b.WriteByte('}')
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}
