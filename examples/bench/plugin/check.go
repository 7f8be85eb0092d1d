package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// check says what an SMS to a number would cost: the number as the network wants
// it, its kind, the encoding of the text and the number of segments.
func check(t *patchbay.Task) (patchbay.Reply, error) {
	o, err := describe(t, t.Phone("phone"))
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(o.Value()), nil
}

func describe(t *patchbay.Task, phone patchbay.Phone) (*patchbay.Object, error) {
	switch phone.Type {
	case "mobile", "fixed_line_or_mobile":
	default:
		return nil, patchbay.Invalid("phone", "a number of type "+phone.Type+" takes no SMS")
	}
	encoding, n := segments(t.Param("message"))
	return new(patchbay.Object).Str("phone", phone.E164).Str("region", phone.Region).Str("type", phone.Type).
		Str("encoding", encoding).Int("segments", int64(n)), nil
}
