package callcenter

import (
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// ExecuteJSON answers the JSON form of callcenter_config for its data.arguments and
// data.queue_name. response is JSON text; failed means "status":"error". Only six
// argument texts exist, compared exactly; a queue name inside them is an error, an
// unknown queue is success with no rows.
func (c *Center) ExecuteJSON(arguments, queue string) (response string, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rows [][]column
	switch arguments {
	case "queue list":
		rows = c.queueRows("")
	case "agent list":
		rows = c.agentRows(func(*Agent) bool { return true })
	case "tier list":
		rows = c.tierRows("")
	case "member list":
		rows = c.memberRows("")
	case "queue list agents", "queue list members", "queue list tiers":
		if queue == "" {
			return `{"error":"Missing data attribute: queue_name"}`, true
		}
		switch arguments {
		case "queue list agents":
			rows = c.queueAgentRows(queue, "", "")
		case "queue list members":
			rows = c.memberRows(queue)
		default:
			rows = c.tierRows(queue)
		}
	default:
		return "null", true
	}
	return jsonRows(rows), false
}

func jsonRows(rows [][]column) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, row := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		first := true
		for _, c := range row {
			if c.null || c.txt {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.WriteString(event.Quote(c.name) + ":")
			if c.raw {
				b.WriteString(c.value)
			} else {
				b.WriteString(event.Quote(c.value))
			}
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.String()
}
