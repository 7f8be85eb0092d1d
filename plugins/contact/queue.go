package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// tierNotFound is the manual's text; it has no exclamation mark.
const tierNotFound = "Tier not found"

// queues lists the queues, or the one of that exact name.
func queues(t *patchbay.Task) (patchbay.Reply, error) {
	all, err := t.Queues()
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	if name := t.Param("name"); name != "" {
		all = where(all, "name", name)
	}
	return list(all), nil
}

// tiers lists the tiers of all queues.
func tiers(t *patchbay.Task) (patchbay.Reply, error) {
	all, err := t.Tiers()
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	return list(all), nil
}

// tier lists the tiers of one queue. FreeSWITCH answers alike for a queue that it
// does not know and for an empty one, and it keeps the tiers of a queue that was
// taken out of its configuration; so the queue itself is looked up too.
func tier(t *patchbay.Task) (patchbay.Reply, error) {
	queue := t.Param("queue")
	all, err := t.Tiers()
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	found := where(all, "queue", queue)
	if found.Len() == 0 {
		return patchbay.Reply{}, patchbay.NotFound(tierNotFound)
	}
	known, err := t.Queues()
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	if where(known, "name", queue).Len() == 0 {
		return patchbay.Reply{}, patchbay.NotFound(tierNotFound)
	}
	return list(found), nil
}

// where returns the rows whose column has exactly that value.
func where(rows patchbay.Value, column, value string) patchbay.Value {
	var found patchbay.List
	for row := range rows.Elements() {
		if string(row.Get(column).Bytes()) == value {
			found.Add(row)
		}
	}
	return found.Value()
}

// list answers with rows, [] when there are none.
func list(rows patchbay.Value) patchbay.Reply {
	if !rows.Exists() {
		rows = new(patchbay.List).Value()
	}
	return patchbay.JSON(rows)
}
