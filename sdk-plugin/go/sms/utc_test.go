package sms_test

import (
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func TestUTC(t *testing.T) {
	for unix := int64(1); unix < 253402300800; unix += 86399*13 + 1 {
		if got, want := sms.UTC(unix), time.Unix(unix, 0).UTC().Format(time.RFC3339); got != want {
			t.Fatalf("UTC(%d) = %s, want %s", unix, got, want)
		}
	}
	for _, unix := range []int64{-1, 0, 253402300800, 1 << 62} {
		if got := sms.UTC(unix); got != "" {
			t.Errorf("UTC(%d) = %s", unix, got)
		}
	}
	if got := sms.UTC(253402300799); got != "9999-12-31T23:59:59Z" {
		t.Error(got)
	}
}
