package freeswitch

import (
	"strings"
	"testing"
)

// The injections that ran a shell, smuggled a command or placed several calls on a real
// FreeSWITCH 1.10.12, as a careless gateway would send them.
func TestIncidents(t *testing.T) {
	const shell = "EXECUTED SHELL: "
	tests := []struct{ name, wire, want string }{
		{"app as number", "api originate user/1234 &system(id>/x)", shell + "id>/x"},
		{"inline dialplan", "api originate user/1234 system:id>/x inline", shell + "id>/x"},
		{"quoted inline dialplan", "api originate user/1234 'system:id -u >/x' inline XML", shell + "id -u >/x"},
		{"api_on_answer", "api originate {origination_caller_id_number=1001,api_on_answer='system id>/x'}user/1234 &park", shell + "id>/x"},
		{"execute_on_answer", "bgapi originate {origination_caller_id_number=1001,execute_on_answer=system::id>/x}user/1234 &park", shell + "id>/x"},
		{"closed brace", "api originate {origination_caller_id_number=1}null/9 &system(id>/x) }user/1234 &park", shell + "id>/x"},
		{"expansion with parenthesis", "api originate user/1234 &bridge(sofia/gateway/trunk/${system(id>/x)})", shell + "id>/x"},
		{"expansion with blank, quoted", "api originate user/1234 '&bridge(sofia/gateway/trunk/${system id>/x})'", shell + "id>/x"},
		{"expansion with escaped blank", `api originate user/1234 &bridge(sofia/gateway/trunk/${system\sid>/x})`, shell + "id>/x"},
		{"second command", "api originate user/1234 9001\n\napi system id>/x", shell + "id>/x"},
		{"second command by CRLF", "api originate user/1234 9001\r\n\r\napi system id>/x", shell + "id>/x"},
		{"console_execute", "api status;;system id>/x\nconsole_execute: true", shell + "id>/x"},
		{"comma list", "api originate user/1234,user/1001 &park", "SEVERAL CALLS: user/1234 + user/1001"},
		{"pipe list", "api originate error/USER_BUSY|user/1001 &park", "SEVERAL CALLS: error/USER_BUSY + user/1001"},
		{"enterprise list", "api originate user/1234:_:user/1001 &park", "SEVERAL CALLS: user/1234 + user/1001"},
		{"list inside a bridge", "api originate user/1234 &bridge(sofia/gateway/trunk/1,sofia/gateway/trunk/2)", "SEVERAL CALLS: sofia/gateway/trunk/1 + sofia/gateway/trunk/2"},
		{"unknown header", "api status\nX-Evil: 1", "SMUGGLED: header X-Evil: 1"},
		{"fs_path", "api originate sofia/gateway/trunk/1;fs_path=sip:evil &park", "REROUTED CALL: sofia/gateway/trunk/1;fs_path=sip:evil"},
		{"foreign host", "api originate sofia/internal/1@evil.example &park", "REROUTED CALL: sofia/internal/1@evil.example"},
		{"api through expansion", "api originate user/1234 &bridge(${originate(x)})", "EXPANDED API: originate x"},
		{"sched_api", "api sched_api +1 none system id>/x", shell + "id>/x"},
		{"expand", "api expand system id>/x", shell + "id>/x"},
		{"script", "api originate user/1234 &lua(x.lua)", "EXECUTED SCRIPT: lua x.lua"},
		{"transfer hook", "api originate {execute_on_ring=transfer::x}user/1234 &park", "ARMED HOOK: execute_on_ring=transfer::x"},
		{"hook set later", "api originate {origination_uuid=abc}loopback/9002 &park\n\napi uuid_setvar abc api_hangup_hook system id>/x", shell + "id>/x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startSwitch(t, Options{})
			c := login(t, s)
			c.send(tt.wire + "\n\napi version\n\n")
			for !strings.HasPrefix(c.next().body, "FreeSWITCH Version") {
			}
			eventually(t, tt.want, func() bool {
				for _, i := range s.Incidents() {
					if i.String() == tt.want {
						return true
					}
				}
				return false
			})
		})
	}
}

// What a sound gateway sends is no incident.
func TestNoIncidents(t *testing.T) {
	s := startSwitch(t, Options{})
	c := login(t, s)
	for _, command := range []string{
		"originate {origination_caller_id_number=1001,origination_caller_id_name='Smith\\, John',originate_timeout=30}user/1234 89100000001 XML default",
		"originate user/1001 &bridge(sofia/gateway/trunk/89100000001)",
		"callcenter_config queue list", "show channels as json", "status", `json {"command":"callcenter_config","data":{"arguments":"tier list"}}`,
	} {
		c.api(command)
		c.do("bgapi " + command + "\nJob-UUID: 00000000-0000-4000-8000-000000000001\n\n")
	}
	if found := s.Incidents(); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
