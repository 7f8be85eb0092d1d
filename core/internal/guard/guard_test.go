package guard

import (
	"testing"
)

const (
	abroad  = "Destination refused: the country is not allowed!"
	denied  = "Destination refused: the prefix is denied!"
	premium = "Destination refused: premium-rate number!"
	unknown = "Destination refused: not a telephone number!"
)

// off switches the limits off, to look at one thing at a time.
func off(more map[string]any) map[string]any {
	out := map[string]any{}
	for _, s := range scopeNames {
		for _, p := range []string{"_per_minute", "_per_hour", "_per_day"} {
			out[s+p] = 0
		}
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func calls(more map[string]any) map[string]any {
	out := off(more)
	for _, s := range scopeNames {
		if _, given := out[s+"_at_once"]; !given {
			out[s+"_at_once"] = 0
		}
	}
	return out
}

func TestWithoutRulesNothingRuns(t *testing.T) {
	r := newRig(t, nil, nil)
	g, err := New(t.Context(), r.opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Kind{Call, Message, "fax"} {
		if _, refusal := g.Reserve(Ask{Kind: k, User: "u", Text: "89100000000"}); refusal == nil {
			t.Error(k, "runs without rules")
		}
	}
}
