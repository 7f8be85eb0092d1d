package config_test

import (
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

func TestParseRateReadsWhatStringWrites(t *testing.T) {
	for text, want := range map[string]config.Rate{
		"10/s":         {Count: 10, Per: time.Second, Burst: 10},
		"5/m burst 20": {Count: 5, Per: time.Minute, Burst: 20},
		"1000/h":       {Count: 1000, Per: time.Hour, Burst: 1000},
		"off":          {},
	} {
		got, err := config.ParseRate(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%q is written as %q", text, got.String())
		}
	}
	for _, text := range []string{"", "0/s", "10", "10/d", "10/s burst", "10/s burst 0", "-1/s", "10/s  burst 5", "+5/s", "99999999999/s"} {
		if r, err := config.ParseRate(text); err == nil {
			t.Errorf("%q is taken as %+v", text, r)
		}
	}
}
