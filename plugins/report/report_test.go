package main

import (
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const twoDays = `{"start_date":"2022-11-10","stop_date":"2022-11-11"}`

// withJournal answers every report with the same page.
func withJournal(t *testing.T) *plugintest.Host {
	h := plugintest.New(t)
	h.Journal.Page = func(abi.JournalReport) (abi.Attachment, *abi.Error) {
		return abi.Attachment{ID: 5, Size: -1, Rows: 2, Next: "more"}, nil
	}
	return h
}

func TestJournalReports(t *testing.T) {
	for _, kind := range []string{"sms", "request", "badRequest"} {
		h := withJournal(t)
		got := h.Action(kind, twoDays)
		want := abi.Reply{Form: abi.FormAttachment, Attachment: 5, Wrap: true, Next: "more"}
		if got.Err != nil || got.Reply.Form != want.Form || got.Reply.Attachment != 5 || !got.Reply.Wrap ||
			got.Reply.Next != "more" || got.Reply.Format != "" || got.Reply.Filename != "" {
			t.Errorf("%s: got %+v %v, want %+v", kind, got.Reply, got.Err, want)
		}
		if got, want := h.Reports()[0], (abi.JournalReport{Kind: kind, Start: "2022-11-10", Stop: "2022-11-11"}); got != want {
			t.Errorf("%s: the journal was asked %+v, want %+v", kind, got, want)
		}
	}
}

func TestJournalReportWithEverything(t *testing.T) {
	h := withJournal(t)
	got := h.Action("sms", `{"start_date":"2022-11-10 09:00:00","stop_date":"2022-11-11","limit":100,"cursor":"c",
		"format":"xlsx","tz":"Asia/Omsk","extended":true}`)
	if got.Reply.Format != "xlsx" || got.Reply.Filename != "sms_2022-11-10_09-00-00_2022-11-11.xlsx" {
		t.Errorf("got %+v", got.Reply)
	}
	want := abi.JournalReport{
		Kind: "sms", Start: "2022-11-10 09:00:00", Stop: "2022-11-11", Zone: "Asia/Omsk", Limit: 100, Cursor: "c", Extended: true,
	}
	if h.Reports()[0] != want {
		t.Errorf("the journal was asked %+v, want %+v", h.Reports()[0], want)
	}
}

func TestPeriod(t *testing.T) {
	for _, c := range []struct {
		start, stop string
		ok          bool
	}{
		{"2022-11-10", "2022-11-11", true},
		{"2022-11-10", "2022-11-10", true},
		{"2022-11-11", "2022-11-10", false},
		{"2022-11-10 12:00:00", "2022-11-10", true}, // the rest of the day
		{"2022-11-10", "2022-11-10 00:00:00", true},
		{"2022-11-10 12:00:00", "2022-11-10 12:00:00", true},
		{"2022-11-10 12:00:00", "2022-11-10 11:59:59", false},
		{"2022-11-10", "2022-11-09 23:59:59", false},
		{"0999-01-01", "2022-11-10", true},
	} {
		h := withJournal(t).Provider(point, "test", func(string, abi.Value) (abi.Value, *abi.Error) {
			return plugintest.Value(t, `{"rows":[]}`), nil
		})
		for _, action := range []string{"sms", "request", "badRequest", "source"} {
			got := h.Action(action, `{"start_date":"`+c.start+`","stop_date":"`+c.stop+`"}`)
			if c.ok && got.Err != nil {
				t.Errorf("%s %s to %s: %v", action, c.start, c.stop, got.Err)
			}
			if !c.ok && (got.Status() != 422 || got.JSON() != `{"error":"Invalid stop_date!"}`) {
				t.Errorf("%s %s to %s: got %d %s", action, c.start, c.stop, got.Status(), got.JSON())
			}
		}
		if !c.ok && len(h.Calls) > 0 {
			t.Errorf("%s to %s: the host was asked %v", c.start, c.stop, h.Operations())
		}
	}
}

func TestJournalFailures(t *testing.T) {
	for _, c := range []struct {
		failure abi.Error
		status  int
		text    string
	}{
		{abi.Error{Code: abi.CodeInvalid, Message: "cursor"}, 422, "Invalid cursor!"},
		{abi.Error{Code: abi.CodeInvalid, Message: "tz"}, 422, "Invalid tz!"},
		{abi.Error{Code: abi.CodeInvalid, Message: "kind"}, 502, "Journal is unavailable!"}, // not the caller's
		{abi.Error{Code: abi.CodeUnavailable, Message: "store"}, 502, "Journal is unavailable!"},
		{abi.Error{Code: abi.CodeTimeout, Message: "store"}, 504, "Journal is unavailable!"},
	} {
		h := plugintest.New(t)
		h.Journal.Fail = &c.failure
		if got := h.Action("sms", twoDays); got.Status() != c.status || got.Text() != c.text {
			t.Errorf("%+v: got %d %q, want %d %q", c.failure, got.Status(), got.Text(), c.status, c.text)
		}
	}
}

func TestUsers(t *testing.T) {
	h := plugintest.New(t).Users(`[{"username":"API-TEST","status":"10","email":"a@b"},{"status":"9","username":"test2"},{"username":"old","status":0}]`)
	want := `{"result":"OK","data":[{"username":"API-TEST","status":"10"},{"username":"test2","status":"9"},{"username":"old","status":"0"}]}`
	if got := h.Action("users", `{}`); got.Status() != 200 || got.JSON() != want {
		t.Errorf("got %d %s, want %s", got.Status(), got.JSON(), want)
	}
	if got := h.Action("users", `{"format":"csv"}`); got.Reply.Format != "csv" || got.Reply.Filename != "users.csv" {
		t.Errorf("got %+v", got.Reply)
	}
	if got := plugintest.New(t).Users(`[]`).Action("users", `{}`); got.JSON() != `{"result":"OK","data":[]}` {
		t.Errorf("got %s", got.JSON())
	}
}

func TestSource(t *testing.T) {
	var asked string
	h := plugintest.New(t).Provider(point, "demoReport", func(operation string, params abi.Value) (abi.Value, *abi.Error) {
		asked = operation + " " + plugintest.JSON(params)
		return plugintest.Value(t, `{"rows":[{"Дата":"2022-11-10","Среднее время HOLD, сек":null}],"next":"1000"}`), nil
	})
	h.Instance = "demoReport"
	got := h.Action("source", `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":1000,"cursor":"c","tz":"Asia/Omsk","format":"csv"}`)
	if want := `[{"Дата":"2022-11-10","Среднее время HOLD, сек":null}]`; got.JSON() != want {
		t.Errorf("got %s, want %s", got.JSON(), want)
	}
	if r := got.Reply; r.Form != abi.FormRows || r.Wrap || r.Next != "1000" || r.Format != "csv" || r.Filename != "demoReport_2022-11-10_2022-11-11.csv" {
		t.Errorf("got %+v", r)
	}
	if want := `rows {"start_date":"2022-11-10","stop_date":"2022-11-11","limit":1000,"cursor":"c","tz":"Asia/Omsk"}`; asked != want {
		t.Errorf("the source was asked %s, want %s", asked, want)
	}
}

func TestSourceFailures(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		failure *abi.Error
		status  int
		text    string
	}{
		"down":           {"", &abi.Error{Code: abi.CodeUnavailable, Message: "CRM"}, 502, "Report source is unavailable!"},
		"slow":           {"", &abi.Error{Code: abi.CodeTimeout, Message: "CRM", Sent: true}, 504, "Report source is unavailable!"},
		"wrong login":    {"", &abi.Error{Code: abi.CodeRefused, Message: "CRM"}, 502, "Report source is unavailable!"},
		"bad cursor":     {"", &abi.Error{Code: abi.CodeInvalid, Message: "cursor"}, 422, "Invalid cursor!"},
		"no rows":        {`{"next":"x"}`, nil, 502, "Report source is unavailable!"},
		"rows an object": {`{"rows":{}}`, nil, 502, "Report source is unavailable!"},
	} {
		h := plugintest.New(t).Provider(point, "test", func(string, abi.Value) (abi.Value, *abi.Error) {
			if c.failure != nil {
				return nil, c.failure
			}
			return plugintest.Value(t, c.body), nil
		})
		if got := h.Action("source", twoDays); got.Status() != c.status || got.Text() != c.text {
			t.Errorf("%s: got %d %q, want %d %q", name, got.Status(), got.Text(), c.status, c.text)
		}
	}
}
