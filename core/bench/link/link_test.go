package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

var asked = regexp.MustCompile(`origination_uuid=([0-9a-f-]{36})`)

// exec accepts every originate with the id that it asks for.
func exec(verb, args string) string {
	if id := asked.FindStringSubmatch(args); verb == "originate" && id != nil {
		return "+OK " + id[1] + "\n"
	}
	return "FreeSWITCH Version 1.10.12\n"
}

func TestBothSidesPlaceTheSameCall(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: exec})
	var stdout, stderr bytes.Buffer
	if code := run([]string{"--esl", p.Addr(), "--calls", "100"}, &stdout, &stderr); code != 0 {
		t.Fatalf("code %d: %s", code, stderr.String())
	}
	var r result
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil || r.Calls != 100 || r.Bare <= 0 || r.Link <= 0 || r.Ratio <= 0 || r.BareP99 < r.Bare || r.LinkP99 < r.Link {
		t.Fatalf("got %s, %v", stdout.String(), err)
	}
	// But for the ids, both sides must send the same command.
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	commands := map[string]int{}
	for line := range strings.Lines(p.Received()) {
		if strings.HasPrefix(line, "bgapi originate") {
			commands[ids.ReplaceAllString(line, "ID")]++
		}
	}
	if len(commands) != 1 {
		t.Errorf("different commands: %v", commands)
	}
	for line, n := range commands {
		if n != 2*(100+warmUp) {
			t.Errorf("%d times %s", n, line)
		}
	}
}

func TestFailuresAreNoFigures(t *testing.T) {
	refusing := esltest.New(t, &esltest.Peer{Exec: func(verb, _ string) string {
		if verb == "originate" {
			return "-ERR USER_BUSY\n"
		}
		return "FreeSWITCH Version 1.10.12\n"
	}})
	locked := esltest.New(t, &esltest.Peer{Password: uuid.NewString()})
	for name, address := range map[string]string{"refused": refusing.Addr(), "locked": locked.Addr(), "nobody": "127.0.0.1:1"} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"--esl", address, "--calls", "10"}, &stdout, &stderr); code != 1 || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%s: code %d, %q, %q", name, code, stdout.String(), stderr.String())
		}
	}
	if code := run([]string{"--calls", "0"}, new(bytes.Buffer), new(bytes.Buffer)); code != 2 {
		t.Errorf("code %d", code)
	}
}
