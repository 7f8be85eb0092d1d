package freeswitch

import (
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

const showUsage = "-USAGE: codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]|calls|detailed_calls|" +
	"bridged_calls|detailed_bridged_calls|aliases|complete|chat|management|modules|nat_map|say|interfaces|interface_types|tasks|limits|status\n"

var (
	channelColumns = strings.Split("uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,application,application_data,"+
		"dialplan,context,read_codec,read_rate,read_bit_rate,write_codec,write_rate,write_bit_rate,secure,hostname,presence_id,presence_data,"+
		"accountcode,callstate,callee_name,callee_num,callee_direction,call_uuid,sent_callee_name,sent_callee_num,initial_cid_name,"+
		"initial_cid_num,initial_ip_addr,initial_dest,initial_dialplan,initial_context", ",")
	callColumns = strings.Split("uuid,direction,created,created_epoch,name,state,cid_name,cid_num,ip_addr,dest,presence_id,presence_data,accountcode,"+
		"callstate,callee_name,callee_num,callee_direction,call_uuid,hostname,sent_callee_name,sent_callee_num,b_uuid,b_direction,b_created,"+
		"b_created_epoch,b_name,b_state,b_cid_name,b_cid_num,b_ip_addr,b_dest,b_presence_id,b_presence_data,b_accountcode,b_callstate,"+
		"b_callee_name,b_callee_num,b_callee_direction,b_sent_callee_name,b_sent_callee_num,call_created_epoch", ",")
	registrationColumns = strings.Split("reg_user,realm,token,url,expires,network_ip,network_port,network_proto,hostname,metadata", ",")
)

// show answers `show what [count|like text] [as json|csv|delim X]`.
func (s *Switch) show(args string) string {
	argv := dial.Separate(args, ' ', 8)
	if len(argv) == 0 {
		return showUsage
	}
	var columns []string
	var rows []map[string]string
	switch strings.ToLower(argv[0]) {
	case "channels":
		columns, rows = channelColumns, s.channelRows()
	case "calls":
		columns, rows = callColumns, s.channelRows()
	case "registrations":
		columns, rows = registrationColumns, s.registrationRows()
	case "bridged_calls":
		columns = callColumns
	default:
		return showUsage
	}
	rest, count := argv[1:], false
	if len(rest) > 0 && strings.EqualFold(rest[0], "count") {
		count, rest = true, rest[1:]
	} else if len(rest) > 1 && strings.EqualFold(rest[0], "like") {
		rows = matching(columns, rows, rest[1])
		rest = rest[2:]
	}
	asJSON, delim := false, ","
	if len(rest) > 1 && strings.EqualFold(rest[0], "as") {
		asJSON = strings.EqualFold(rest[1], "json")
		if strings.EqualFold(rest[1], "delim") && len(rest) > 2 {
			delim = rest[2]
		}
	}
	if asJSON {
		return showJSON(columns, rows, count)
	}
	return showText(columns, rows, count, delim)
}

func matching(columns []string, rows []map[string]string, text string) []map[string]string {
	var kept []map[string]string
	for _, row := range rows {
		for _, c := range columns {
			if strings.Contains(strings.ToLower(row[c]), strings.ToLower(text)) {
				kept = append(kept, row)
				break
			}
		}
	}
	return kept
}

// showJSON: no rows give `{"row_count": 0}` with a blank, a newline and no rows key.
func showJSON(columns []string, rows []map[string]string, count bool) string {
	if count {
		return `{"row_count":` + strconv.Itoa(len(rows)) + `,"rows":[]}`
	}
	if len(rows) == 0 {
		return "{\"row_count\": 0}\n"
	}
	var b strings.Builder
	b.WriteString(`{"row_count":` + strconv.Itoa(len(rows)) + `,"rows":[`)
	for i, row := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for j, c := range columns {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(event.Quote(c) + ":" + event.Quote(row[c]))
		}
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return b.String()
}

// showText is unquoted: a delimiter in a value adds a column.
func showText(columns []string, rows []map[string]string, count bool, delim string) string {
	var b strings.Builder
	if !count {
		for i, row := range rows {
			if i == 0 {
				b.WriteString(strings.Join(columns, delim) + "\n")
			}
			for j, c := range columns {
				if j > 0 {
					b.WriteString(delim)
				}
				b.WriteString(row[c])
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString("\n" + strconv.Itoa(len(rows)) + " total.\n")
	return b.String()
}

func (s *Switch) channelRows() []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []map[string]string
	for _, ch := range s.channels {
		row := map[string]string{
			"uuid": ch.uuid, "direction": ch.direction(), "created": ch.created.Format(time.DateTime), "created_epoch": strconv.FormatInt(ch.created.Unix(), 10),
			"name": ch.name, "state": ch.state, "cid_name": ch.cidName, "cid_num": ch.cidNumber, "dest": ch.dest, "application": ch.app,
			"application_data": ch.appData, "dialplan": ch.dialplan, "context": ch.context, "hostname": s.options.Switchname,
			"presence_id": ch.presence, "accountcode": ch.get("accountcode"), "callstate": ch.callState, "callee_name": ch.calleeName,
			"callee_num": ch.calleeNumber, "call_uuid": ch.uuid, "initial_cid_name": ch.cidName, "initial_cid_num": ch.cidNumber,
			"initial_dest": or(ch.rdnis, ch.dest), "initial_dialplan": ch.dialplan, "initial_context": ch.context,
		}
		if !ch.answered.IsZero() {
			for _, side := range []string{"read", "write"} {
				row[side+"_codec"], row[side+"_rate"], row[side+"_bit_rate"] = "PCMU", "8000", "64000"
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Switch) registrationRows() []map[string]string {
	var rows []map[string]string
	expires := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for i, a := range s.options.Accounts {
		if !a.Registered {
			continue
		}
		port := strconv.Itoa(5071 + i)
		rows = append(rows, map[string]string{
			"reg_user": a.Name, "realm": domain, "token": "sandbox-" + a.Name, "url": "sofia/internal/sip:" + a.Name + "@" + domain + ":" + port,
			"expires": expires, "network_ip": domain, "network_port": port, "network_proto": "udp", "hostname": s.options.Switchname,
		})
	}
	return rows
}
