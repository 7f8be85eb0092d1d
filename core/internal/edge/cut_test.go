package edge_test

import (
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/edge"
)

// TestCutSurvivesTheHandler: fasthttp sets a deadline before it writes the answer and
// panics when that fails. A connection may have been cut by then.
func TestCutSurvivesTheHandler(t *testing.T) {
	l, _, c := accepted(t, edge.Options{})
	l.CutAll()
	deadline := time.Now().Add(time.Minute)
	for name, set := range map[string]func(time.Time) error{"write": c.SetWriteDeadline, "read": c.SetReadDeadline, "both": c.SetDeadline} {
		if err := set(deadline); err != nil {
			t.Errorf("the deadline to %s of a connection that was cut: %v", name, err)
		}
	}
	if _, err := c.Write([]byte("answer")); err == nil {
		t.Error("an answer went out on a connection that was cut")
	}
	if err := c.Close(); err != nil {
		t.Logf("close: %v", err) // cut already
	}
}
