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
	// Whole keeps telephone numbers and texts as they are.
	Whole bool
	// Phone and Text append the short form of what the manifest marks as a telephone
	// number or a person's text.
	Phone, Text func(dst, text []byte) []byte
}

// maxRecorded bounds the parameters in one record, in bytes of JSON.
const maxRecorded = 2 << 10

// text returns the parameters as JSON for the journal. v was checked: it is a map
// with names as keys.
func (b *BodyPolicy) text(r *registry.Route, v abi.Value) string {
	if !b.Keep || v.Len() == 0 {
		return ""
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	out, err := b.append((*buffer)[:0], r, v)
	if err != nil {
		return ""
	}
	if cap(out) <= keepBuffer {
		*buffer = out[:0]
	}
	if len(out) > maxRecorded {
		return `{"too_long":` + strconv.Itoa(len(out)) + `}`
	}
	return string(out)
}

func (b *BodyPolicy) append(dst []byte, r *registry.Route, v abi.Value) (_ []byte, err error) {
	dst = append(dst, '{')
	for name, value := range v.Pairs() {
		personal := r.Personal[string(name)]
		if personal == registry.PersonalSecret {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(transcode.AppendQuoted(dst, name), ':')
		switch {
		case personal == registry.PersonalPhone && !b.Whole:
			dst = b.short(dst, value, b.Phone)
		case personal == registry.PersonalText && !b.Whole:
			dst = b.short(dst, value, b.Text)
		default:
			if dst, err = transcode.AppendJSON(dst, value); err != nil {
				return nil, err
			}
		}
	}
	return append(dst, '}'), nil
}

// short appends the short form of v as a JSON string. It is made at the end of dst,
// so that it needs no room of its own.
func (b *BodyPolicy) short(dst []byte, v abi.Value, shorten func(dst, text []byte) []byte) []byte {
	text := v.Bytes()
	if v.Kind() != abi.String {
		text = []byte(v.String())
	}
	start := len(dst)
	dst = shorten(dst, text)
	end := len(dst)
	dst = transcode.AppendQuoted(dst, dst[start:end])
	return append(dst[:start], dst[end:]...)
}
