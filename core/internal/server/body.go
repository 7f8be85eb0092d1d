package server

import (
	"strconv"

	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// BodyPolicy says how much of a request's parameters the journal keeps. Only
// parameters that the manifest knows are kept at all, and secrets never.
type BodyPolicy struct {
	// Keep is false to keep nothing.
	Keep bool
	// Phone and Text shorten what the manifest marks as a telephone number or a
	// person's text.
	Phone, Text func(string) string
}

// maxRecorded bounds the parameters in one record, in bytes of JSON.
const maxRecorded = 2 << 10

// text returns the parameters as JSON for the journal.
func (b BodyPolicy) text(r *registry.Route, v abi.Value) string {
	if !b.Keep || v.Len() == 0 {
		return ""
	}
	var kept abi.Object
	for name, value := range v.Entries() {
		switch r.Personal[name] {
		case registry.PersonalSecret:
		case registry.PersonalPhone:
			kept.Str(name, b.Phone(value.String()))
		case registry.PersonalText:
			kept.Str(name, b.Text(value.String()))
		default:
			kept.Set(name, value)
		}
	}
	out, err := transcode.AppendJSON(nil, kept.Value())
	if err != nil {
		return ""
	}
	if len(out) > maxRecorded {
		return `{"too_long":` + strconv.Itoa(len(out)) + `}`
	}
	return string(out)
}
