package freeswitch_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// TestHangup plays the end of a call as FreeSWITCH 1.10.12 told it.
func TestHangup(t *testing.T) {
	raw, err := os.ReadFile("esl/testdata/ev-call-sip-busy-plain.s2c.raw")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(raw, []byte("Event-Name: CHANNEL_HANGUP_COMPLETE"))
	if at < 0 {
		t.Fatal("the recording has no end of a call")
	}
	lines := string(raw[at:])
	lines = lines[:strings.Index(lines, "\n\n")+1]
	_, lines, _ = strings.Cut(lines, "\n") // the name is the peer's to write
	id := regexp.MustCompile(`(?m)^Unique-ID: (\S+)$`).FindStringSubmatch(lines)
	if id == nil {
		t.Fatal("the event names no call")
	}

	type end struct {
		node, uuid string
		billed     time.Duration
	}
	ends := make(chan end, 10)
	p := esltest.New(t, &esltest.Peer{})
	start(t, freeswitch.Config{
		Nodes:    []freeswitch.NodeConfig{quick("a", p.Addr())},
		OnHangup: func(node, uuid string, billed time.Duration) { ends <- end{node, uuid, billed} },
	})
	p.Broadcast("CHANNEL_HANGUP_COMPLETE", "Unique-ID: no%20uuid\nvariable_billsec: 7\n", "")
	p.Broadcast("CHANNEL_HANGUP_COMPLETE", lines, "")
	answered := strings.Replace(lines, "variable_billsec: 0\n", "variable_billsec: 61\n", 1)
	if answered == lines {
		t.Fatal("the event does not say what is billed")
	}
	p.Broadcast("CHANNEL_HANGUP_COMPLETE", answered, "")
	for _, want := range []end{{"a", id[1], 0}, {"a", id[1], 61 * time.Second}} {
		select {
		case got := <-ends:
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the end of the call was not told")
		}
	}
}

// TestHangupIsNotAskedForInVain keeps the event, which is large, away from links
// that do not use it.
func TestHangupIsNotAskedForInVain(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{})
	startOne(t, quick("a", p.Addr()))
	if strings.Contains(p.Received(), "HANGUP") {
		t.Error("asked for an event that nobody wants")
	}
}
