package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

const userSystem = "User list"

// users lists the users with their status, and nothing else about them.
func users(t *patchbay.Task) (patchbay.Reply, error) {
	all, err := t.Users()
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(userSystem, err)
	}
	var rows patchbay.List
	for u := range all.Elements() {
		var row patchbay.Object
		rows.Add(row.Str("username", u.Get("username").String()).Str("status", u.Get("status").String()).Value())
	}
	reply := patchbay.Rows(rows.Value(), t.Param("format"))
	reply.Wrap = true
	if reply.Format != "" && reply.Format != "json" {
		reply.Filename = "users." + reply.Format
	}
	return reply, nil
}
