package freeswitch

import (
	"errors"
	"strings"
	"testing"
)

// FuzzOriginateReply: what FreeSWITCH says to an originate is an id, a cause word, or unknown;
// it is never taken for a refusal unless it says so.
func FuzzOriginateReply(f *testing.F) {
	for _, text := range []string{
		"+OK 87e64143-758c-4f9b-b990-e06613a3d7d2\n", "-ERR USER_BUSY\n", "-ERR \n", "-ERR permission denied\n", "-USAGE: x\n", "+OK\n", "",
		"+OK 87e64143-758c-4f9b-b990-e06613a3d7d2\n-ERR x\n", "-ERR no reply\n", "-ERR originate Command not found!\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, cause, err := parseOriginateReply(text)
		if err == nil {
			if _, bad := ParseCallID(id); bad != nil || cause != "" || text != "+OK "+id && text != "+OK "+id+"\n" {
				t.Fatalf("%q: id %q, cause %q", text, id, cause)
			}
			return
		}
		if id != "" || strings.Trim(cause, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			t.Fatalf("%q: id %q, cause %q, %v", text, id, cause, err)
		}
		if errors.Is(err, ErrRefused) && !strings.HasPrefix(text, "-") {
			t.Fatalf("%q: taken for a refusal", text)
		}
	})
}

// FuzzDialTemplate: a template that is taken gives a dial string without placeholders and with
// one account in it.
func FuzzDialTemplate(f *testing.F) {
	f.Add(DefaultDialTemplate)
	f.Add("user/{account} {exten} XML {context}")
	f.Add("user/{account} &bridge(sofia/gateway/{gateway}/{called})")
	f.Add("{account}{account} {called} {{}")
	f.Fuzz(func(t *testing.T, text string) {
		template, err := ParseDialTemplate(text)
		if err != nil {
			var bad *ValueError
			if !errors.As(err, &bad) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		got := template.fill(func(name string) string { return strings.Repeat("x", len(name)+2) })
		if len(got) != len(text) || strings.ContainsAny(got, "{}$\\'\"\r\n") || !strings.Contains(got, " ") || !template.uses("account") {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
