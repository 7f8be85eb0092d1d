package main

import (
	"github.com/patchbay-gw/patchbay/examples/bench/work"
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// estimate is what the peers are compared by: the plugin reads the number itself
// and counts the SMS, as every peer does (package work).
func estimate(t *patchbay.Task) (patchbay.Reply, error) {
	_, o, err := appraise(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(o.Value()), nil
}

// submit is estimate and one POST of the text to the upstream.
func submit(t *patchbay.Task) (patchbay.Reply, error) {
	number, o, err := appraise(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	answer, err := post(t, number.E164)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(o.Str("answer", answer).Value()), nil
}

func appraise(t *patchbay.Task) (work.Phone, *patchbay.Object, error) {
	number, ok := work.ParsePhone(t.Param("phone"))
	if !ok {
		return number, nil, patchbay.Invalid("phone", "no number that takes SMS")
	}
	encoding, n := work.Segments(t.Param("message"))
	return number, new(patchbay.Object).Str("phone", number.E164).Str("country", number.Country).
		Str("encoding", encoding).Int("segments", int64(n)), nil
}
