package freeswitch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
)

const eventHangup = "CHANNEL_HANGUP_COMPLETE"

// subscribeHangup asks for the ends of calls when somebody wants them. A user that may not see the event loses nothing else.
func (n *node) subscribeHangup(ctx context.Context, conn *esl.Conn) error {
	if n.hooks.OnHangup == nil {
		return nil
	}
	reply, err := conn.Do(ctx, esl.Subscribe(eventHangup))
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", eventHangup, err)
	}
	if !strings.HasPrefix(reply.Text, "+OK") {
		n.log.Warn("the ends of calls are not told; add "+eventHangup+" to esl-allowed-events", "reply", reply.Text)
	}
	return nil
}

// hangup hands the end of a call to whom it may concern and reports whether the event was one.
func (n *node) hangup(e esl.Event) bool {
	if e.Name() != eventHangup {
		return false
	}
	id, err := ParseCallID(e.Header.Get("Unique-ID"))
	if err != nil || n.hooks.OnHangup == nil {
		return true
	}
	seconds, err := strconv.ParseUint(e.Header.Get("variable_billsec"), 10, 31)
	if err != nil {
		seconds = 0 // never answered
	}
	n.hooks.OnHangup(n.cfg.Name, id, time.Duration(seconds)*time.Second)
	return true
}
