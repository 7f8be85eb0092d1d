package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// The history of the switch over HTTP, for scripts and for tests that run the sandbox
// as a process: what arrived on the event socket and what it would have done.

type incidentJSON struct {
	Kind    string    `json:"kind"`
	Detail  string    `json:"detail"`
	Command string    `json:"command"`
	At      time.Time `json:"at"`
}

type commandJSON struct {
	Connection int       `json:"connection"`
	Command    string    `json:"command"`
	At         time.Time `json:"at"`
}

type callJSON struct {
	UUID        string    `json:"uuid"`
	DialString  string    `json:"dial_string"`
	Destination string    `json:"destination"`
	Command     string    `json:"command"`
	State       string    `json:"state"`
	Cause       string    `json:"cause"`
	At          time.Time `json:"at"`
}

// registerHistory adds GET /incidents, /commands and /calls: arrays, oldest first.
func (w *World) registerHistory(mux *http.ServeMux) {
	mux.HandleFunc("POST /burst", w.burst)
	mux.HandleFunc("GET /incidents", func(out http.ResponseWriter, _ *http.Request) {
		list := []incidentJSON{}
		for _, i := range w.Incidents() {
			list = append(list, incidentJSON{i.Kind, i.Detail, i.Command, i.At})
		}
		writeHistory(out, list)
	})
	mux.HandleFunc("GET /commands", func(out http.ResponseWriter, _ *http.Request) {
		list := []commandJSON{}
		for _, c := range w.Commands() {
			list = append(list, commandJSON{c.Connection, c.Raw, c.At})
		}
		writeHistory(out, list)
	})
	mux.HandleFunc("GET /calls", func(out http.ResponseWriter, _ *http.Request) {
		list := []callJSON{}
		for _, c := range w.Calls() {
			list = append(list, callJSON{c.UUID, c.DialString, c.Destination, c.Command, c.State, c.Cause, c.Started})
		}
		writeHistory(out, list)
	})
}

type pressureJSON struct {
	Connection   int     `json:"connection"`
	Events       int     `json:"events"`
	LongestWrite float64 `json:"longest_write_ms"`
	LongestQueue int     `json:"longest_queue"`
}

// burst answers POST /burst?events=N when every listener has been written the N events of
// other clients' jobs.
func (w *World) burst(out http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("events"))
	if err != nil {
		http.Error(out, "events must be a number", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 25*time.Second)
	defer cancel()
	pressures, err := w.freeswitch.Burst(ctx, n)
	if err != nil {
		http.Error(out, err.Error(), http.StatusConflict)
		return
	}
	list := []pressureJSON{}
	for _, p := range pressures {
		list = append(list, pressureJSON{p.Connection, p.Events, float64(p.LongestWrite.Microseconds()) / 1000, p.LongestQueue})
	}
	writeHistory(out, list)
}

func writeHistory(out http.ResponseWriter, list any) {
	out.Header().Set("Content-Type", "application/json; charset=utf-8")
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(list) // a reader that left needs no answer
}
