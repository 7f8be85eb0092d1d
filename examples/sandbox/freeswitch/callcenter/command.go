package callcenter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
)

const (
	ok      = "+OK\n"
	invalid = "-ERR Invalid!\n"
)

var (
	statuses   = []string{"Logged Out", "Available", "Available (On Demand)", "On Break"}
	states     = []string{"Waiting", "Receiving", "In a queue call", "Idle", "Reserved"}
	tierStates = []string{"No Answer", "Ready", "Offering", "Active Inbound", "Standby"}
)

func oneOf(list []string, value string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, value) })
}

// change is an agent event to report after the lock was released.
type change struct {
	action string
	pairs  []string
}

// Execute runs the arguments of a callcenter_config command and returns its output,
// which is empty for an action that mod_callcenter does not know.
func (c *Center) Execute(arguments string) string {
	if strings.TrimSpace(arguments) == "" {
		return usage
	}
	argv := dial.Separate(arguments, ' ', 10)
	if len(argv) < 2 {
		return invalid
	}
	c.mu.Lock()
	var (
		out  string
		news *change
	)
	action, rest := strings.ToLower(argv[1]), argv[2:]
	switch strings.ToLower(argv[0]) {
	case "agent":
		out, news = c.agentCommand(action, rest)
	case "tier":
		out = c.tierCommand(action, rest)
	case "queue":
		out = c.queueCommand(action, rest)
	}
	c.mu.Unlock()
	if news != nil && c.config.Changed != nil {
		c.config.Changed(news.action, news.pairs...)
	}
	return out
}

func (c *Center) agentCommand(action string, args []string) (string, *change) {
	switch action {
	case "add":
		if len(args) < 2 {
			return invalid, nil
		}
		return c.addAgent(args[0], args[1])
	case "del":
		if len(args) < 1 {
			return invalid, nil
		}
		c.agents = slices.DeleteFunc(c.agents, func(a Agent) bool { return a.Name == args[0] })
		c.tiers = slices.DeleteFunc(c.tiers, func(t Tier) bool { return t.Agent == args[0] })
		return ok, nil
	case "reload":
		if len(args) < 1 {
			return invalid, nil
		}
		c.reloadAgent(args[0])
		return ok, nil
	case "set":
		if len(args) < 3 {
			return invalid, nil
		}
		return c.setAgent(args[0], args[1], args[2])
	case "get":
		if len(args) < 2 {
			return invalid, nil
		}
		return c.getAgent(args[0], args[1]), nil
	case "list":
		return table(c.agentRows(func(a *Agent) bool { return len(args) == 0 || a.Name == args[0] })), nil
	}
	return "", nil
}

func (c *Center) addAgent(name, kind string) (string, *change) {
	if !oneOf([]string{"callback", "uuid-standby"}, kind) {
		return "-ERR Agent type invalid!\n", nil
	}
	if c.agent(name) != nil {
		return "-ERR Agent already exist!\n", nil
	}
	kind = strings.ToLower(kind)
	c.agents = append(c.agents, Agent{Name: name, Type: kind, Status: "Logged Out", State: "Waiting"})
	return ok, &change{"agent-add", []string{"CC-Agent", name, "CC-Agent-Type", kind, "CC-Action", "agent-add"}}
}

// reloadAgent gives an agent of the configuration its configured status back.
func (c *Center) reloadAgent(name string) {
	for _, configured := range c.config.Agents {
		if a := c.agent(configured.Name); configured.Name == name && a != nil {
			a.Status, a.LastStatusChange = configured.Status, c.config.Now().Unix()
		}
	}
}

func (c *Center) setAgent(key, name, value string) (string, *change) {
	a := c.agent(name)
	if a == nil {
		return "-ERR Agent not found!\n", nil
	}
	numbers := map[string]*int{
		"busy_delay_time": &a.BusyDelayTime, "reject_delay_time": &a.RejectDelayTime, "no_answer_delay_time": &a.NoAnswerDelayTime,
		"max_no_answer": &a.MaxNoAnswer, "wrap_up_time": &a.WrapUpTime,
	}
	switch key = strings.ToLower(key); key {
	case "status":
		if !oneOf(statuses, value) {
			return "-ERR Invalid Agent Status!\n", nil
		}
		if strings.EqualFold(value, "Available") {
			a.TalkTime, a.CallsAnswered, a.NoAnswer = 0, 0, 0
		}
		a.Status, a.LastStatusChange = value, c.config.Now().Unix()
		return ok, &change{"agent-status-change", []string{"CC-Agent", name, "CC-Action", "agent-status-change", "CC-Agent-Status", value}}
	case "state":
		if !oneOf(states, value) {
			return "-ERR Invalid Agent State!\n", nil
		}
		a.State = value
		return ok, &change{"agent-state-change", []string{"CC-Agent", name, "CC-Action", "agent-state-change", "CC-Agent-State", value}}
	case "contact":
		a.Contact = value
	case "uuid":
		a.UUID = value
	case "type":
		if !oneOf([]string{"callback", "uuid-standby"}, value) {
			return "-ERR Agent type invalid!\n", nil
		}
		a.Type = value
	case "ready_time":
		a.ReadyTime = int64(atoi(value))
	default:
		field := numbers[key]
		if field == nil {
			return "-ERR Invalid Agent Update KEY!\n", nil
		}
		*field = atoi(value)
	}
	return ok, nil
}

func (c *Center) getAgent(key, name string) string {
	a := c.agent(name)
	if a == nil {
		return "-ERR Agent not found!\n"
	}
	switch strings.ToLower(key) {
	case "status":
		return a.Status
	case "state":
		return a.State
	case "uuid":
		return a.UUID
	}
	return "-ERR Invalid Agent Update KEY!\n"
}

func (c *Center) tierCommand(action string, args []string) string {
	switch action {
	case "list":
		return table(c.tierRows(""))
	case "add":
		if len(args) < 2 {
			return invalid
		}
		return c.addTier(args)
	case "set":
		if len(args) < 4 {
			return invalid
		}
		return c.setTier(args[0], args[1], args[2], args[3])
	case "del":
		if len(args) < 2 {
			return invalid
		}
		c.tiers = slices.DeleteFunc(c.tiers, func(t Tier) bool { return t.Queue == args[0] && t.Agent == args[1] })
		return ok
	case "reload":
		if len(args) < 2 {
			return invalid
		}
		return ok
	}
	return ""
}

func (c *Center) addTier(args []string) string {
	t := Tier{Queue: args[0], Agent: args[1], State: "Ready", Level: 1, Position: 1}
	if len(args) > 2 {
		t.Level = atoi(args[2])
	}
	if len(args) > 3 {
		t.Position = atoi(args[3])
	}
	switch {
	case c.queue(t.Queue) == nil:
		return "-ERR Queue not found!\n"
	case c.agent(t.Agent) == nil:
		return "-ERR Agent not found!\n"
	case c.tier(t.Queue, t.Agent) != nil:
		return "-ERR Tier already exist!\n"
	}
	c.tiers = append(c.tiers, t)
	return ok
}

func (c *Center) setTier(key, queue, agent, value string) string {
	t := c.tier(queue, agent)
	if t == nil {
		return "-ERR Unknown Error!\n"
	}
	switch strings.ToLower(key) {
	case "state":
		if !oneOf(tierStates, value) {
			return "-ERR Invalid Tier State!\n"
		}
		t.State = value
	case "level":
		t.Level = atoi(value)
	case "position":
		t.Position = atoi(value)
	default:
		return "-ERR Invalid Tier Update KEY!\n"
	}
	return ok
}

func (c *Center) queueCommand(action string, args []string) string {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch action {
	case "load", "reload", "unload":
		return c.loadQueue(action, arg(0))
	case "list":
		switch sub := strings.ToLower(arg(0)); {
		case sub == "":
			return table(c.queueRows(c.config.NullText))
		case sub == "agents":
			return table(c.queueAgentRows(arg(1), arg(2), arg(3)))
		case sub == "members":
			return table(c.memberRows(arg(1)))
		case sub == "tiers" && arg(1) != "":
			return table(c.tierRows(arg(1)))
		case sub == "tiers":
			return ok
		}
		return invalid
	case "count":
		count := 0
		switch strings.ToLower(arg(0)) {
		case "":
			count = len(c.queueRows(""))
		case "agents":
			count = len(c.queueAgentRows(arg(1), arg(2), arg(3)))
		case "members":
			count = len(c.memberRows(arg(1)))
		case "tiers":
			count = len(c.tierRows(arg(1)))
		default:
			return invalid
		}
		return strconv.Itoa(count) + "\n"
	}
	return ""
}

func (c *Center) loadQueue(action, name string) string {
	if !slices.ContainsFunc(c.queues, func(q Queue) bool { return q.Name == name }) {
		if action == "unload" {
			return ok
		}
		return "-ERR Invalid Queue not found!\n"
	}
	c.unloaded[name] = action == "unload"
	if action == "reload" {
		// A reload resets the agents of that queue to their configured status.
		for _, t := range c.tiers {
			if t.Queue == name {
				c.reloadAgent(t.Agent)
			}
		}
	}
	return ok
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0 // as C's atoi, close enough for a bad number
	}
	return n
}

const usage = "-USAGE: \ncallcenter_config <target> <args>,\n" +
	"\tcallcenter_config agent add [name] [type] | \n" +
	"\tcallcenter_config agent del [name] | \n" +
	"\tcallcenter_config agent reload [name] | \n" +
	"\tcallcenter_config agent set status [agent_name] [status] | \n" +
	"\tcallcenter_config agent set state [agent_name] [state] | \n" +
	"\tcallcenter_config agent set contact [agent_name] [contact] | \n" +
	"\tcallcenter_config agent set ready_time [agent_name] [wait till epoch] | \n" +
	"\tcallcenter_config agent set reject_delay_time [agent_name] [wait second] | \n" +
	"\tcallcenter_config agent set busy_delay_time [agent_name] [wait second] | \n" +
	"\tcallcenter_config agent set no_answer_delay_time [agent_name] [wait second] | \n" +
	"\tcallcenter_config agent get status [agent_name] | \n" +
	"\tcallcenter_config agent get state [agent_name] | \n" +
	"\tcallcenter_config agent get uuid [agent_name] | \n" +
	"\tcallcenter_config agent list [[agent_name]] | \n" +
	"\tcallcenter_config tier add [queue_name] [agent_name] [[level]] [[position]] | \n" +
	"\tcallcenter_config tier set state [queue_name] [agent_name] [state] | \n" +
	"\tcallcenter_config tier set level [queue_name] [agent_name] [level] | \n" +
	"\tcallcenter_config tier set position [queue_name] [agent_name] [position] | \n" +
	"\tcallcenter_config tier del [queue_name] [agent_name] | \n" +
	"\tcallcenter_config tier reload [queue_name] [agent_name] | \n" +
	"\tcallcenter_config tier list | \n" +
	"\tcallcenter_config queue load [queue_name] | \n" +
	"\tcallcenter_config queue unload [queue_name] | \n" +
	"\tcallcenter_config queue reload [queue_name] | \n" +
	"\tcallcenter_config queue list | \n" +
	"\tcallcenter_config queue list agents [queue_name] [status] [state] | \n" +
	"\tcallcenter_config queue list members [queue_name] | \n" +
	"\tcallcenter_config queue list tiers [queue_name] | \n" +
	"\tcallcenter_config queue count | \n" +
	"\tcallcenter_config queue count agents [queue_name] [status] [state] | \n" +
	"\tcallcenter_config queue count members [queue_name] | \n" +
	"\tcallcenter_config queue count tiers [queue_name]\n"
