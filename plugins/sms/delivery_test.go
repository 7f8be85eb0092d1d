package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const hook = "https://gw.example/hooks/a/secret"

// TestWayToTheStatus: a provider with receipts is given the address, any other one
// that can be asked is asked, and neither when nothing was accepted.
func TestWayToTheStatus(t *testing.T) {
	no := func(string, abi.Value) (abi.Value, *abi.Error) {
		return new(abi.Object).Str("message_id", "m").Bool("receipts", false).Value(), nil
	}
	for name, c := range map[string]struct {
		settings   string
		url        string
		operations []string
		answer     func(string, abi.Value) (abi.Value, *abi.Error)
		given      string // address in the parameters
		check      int64
	}{
		"receipts":                        {`{}`, hook, []string{"send", "receipt", "status"}, accepts, hook, 0},
		"receipts, but not here":          {`{"receipts":false}`, hook, []string{"send", "receipt", "status"}, accepts, "", 30},
		"no public address":               {`{}`, "", []string{"send", "receipt", "status"}, accepts, "", 30},
		"cannot read receipts":            {`{}`, hook, []string{"send", "status"}, accepts, "", 30},
		"can do neither":                  {`{}`, "", []string{"send"}, accepts, "", 0},
		"says that none will come":        {`{"status_after":60}`, hook, []string{"send", "receipt", "status"}, no, hook, 60},
		"status is not wanted":            {`{"status_after":0}`, "", []string{"send", "status"}, accepts, "", 0},
		"nobody knows whether it is sent": {`{}`, "", []string{"send", "status"}, fails(lost), "", 30},
		"refused":                         {`{}`, "", []string{"send", "status"}, fails(refused), "", 0},
	} {
		h := plugintest.New(t).Settings(c.settings).Provider(point, "a", c.answer).Offers("a", c.url, c.operations...)
		h.Action("send", manual)
		if got := h.ProviderCalls()[0].Params.Get("receipt_url").String(); got != c.given {
			t.Errorf("%s: the provider got the address %q", name, got)
		}
		f := h.Journal.Ended[0].Fields
		check, _ := f.Get("check_s").Int()
		if phone := f.Get("check_phone").String(); check != c.check || (phone == "+79190000000") != (check > 0) {
			t.Errorf("%s: check in %d s with %q, want %d s", name, check, phone, c.check)
		}
	}
}

func TestParts(t *testing.T) {
	h := plugintest.New(t).Provider(point, "a", func(string, abi.Value) (abi.Value, *abi.Error) {
		return plugintest.Value(t, `{"message_id":"1","part_ids":["1","2"]}`), nil
	})
	h.Action("send", manual)
	if got := plugintest.JSON(h.Journal.Ended[0].Fields.Get("part_ids")); got != `["1","2"]` {
		t.Errorf("parts %s", got)
	}
}

func TestReceipts(t *testing.T) {
	h := plugintest.New(t)
	got := h.Asks(point, "receipts", `{"instance":"a","receipts":[{"message_id":"m","status":"delivered"},{"reference":"7","status":"sent"}]}`)
	if got.Err != nil || got.JSON() != `{"applied":2,"unchanged":0,"kept":0,"unknown":0,"dropped":0}` {
		t.Errorf("%s %v", got.JSON(), got.Err)
	}
	q := h.Journal.Received[0]
	if q.Kind != "sms" || q.Instance != "a" || plugintest.JSON(q.Receipts) != `[{"message_id":"m","status":"delivered"},{"reference":"7","status":"sent"}]` {
		t.Errorf("%+v %s", q, plugintest.JSON(q.Receipts))
	}
	h.Journal.Fail = &abi.Error{Code: abi.CodeUnavailable, Message: "journal"}
	if got := h.Asks(point, "receipts", `{"instance":"a","receipts":[{"message_id":"m"}]}`); got.Err == nil || got.Err.Code != abi.CodeUnavailable {
		t.Errorf("a receipt that is not stored is acknowledged: %v", got.Err)
	}
}

func TestPoll(t *testing.T) {
	answers := map[string]func() (abi.Value, *abi.Error){
		"1": func() (abi.Value, *abi.Error) {
			return plugintest.Value(t, `{"status":"delivered","detail":"DELIVRD","at":"2026-11-22T02:00:00Z"}`), nil
		},
		"2": func() (abi.Value, *abi.Error) { return plugintest.Value(t, `{"status":"sent"}`), nil },
		"3": func() (abi.Value, *abi.Error) { return plugintest.Value(t, `{"status":"ENROUTE"}`), nil },
		"4": func() (abi.Value, *abi.Error) { return nil, &abi.Error{Code: abi.CodeNotFound} },
		"5": func() (abi.Value, *abi.Error) { return nil, &abi.Error{Code: abi.CodeInvalid} },
		"6": func() (abi.Value, *abi.Error) { return plugintest.Value(t, `{"status":"sent"}`), nil },
		"7": func() (abi.Value, *abi.Error) { return plugintest.Value(t, `{"status":"expired"}`), nil },
		"8": func() (abi.Value, *abi.Error) { return nil, &down },
		"9": func() (abi.Value, *abi.Error) { t.Error("asked although it does not answer"); return nil, &down },
	}
	h := plugintest.New(t).Provider(point, "a", func(operation string, q abi.Value) (abi.Value, *abi.Error) {
		if operation != "status" || q.Get("phone").String() != "+79190000000" || q.Get("message_id").String() != "m"+q.Get("reference").String() {
			t.Errorf("%s %s", operation, plugintest.JSON(q))
		}
		return answers[q.Get("reference").String()]()
	})
	ages := []int{30, 30, 60, 10_000, 60, 48 * 3600, 48*3600 + 1, 90, 30}
	var list []string
	for i, age := range ages {
		list = append(list, fmt.Sprintf(`{"id":"%d","message_id":"m%d","phone":"+79190000000","age_s":%d}`, i+1, i+1, age))
	}
	got := h.Asks(point, "poll", `{"instance":"a","sms":[`+strings.Join(list, ",")+`]}`)
	if got.JSON() != `{"asked":8}` {
		t.Errorf("%s %v", got.JSON(), got.Err)
	}
	want := []string{
		`{"reference":"1","status":"delivered","detail":"DELIVRD","at":"2026-11-22T02:00:00Z"}`,
		`{"reference":"2","status":"sent","detail":"","at":"","check_s":30}`,
		`{"reference":"3","status":"unknown","detail":"","at":"","check_s":60}`,
		`{"reference":"4","check_s":3600}`,
		`{"reference":"5","stop":true}`,
		`{"reference":"6","status":"sent","detail":"","at":"","give_up":true}`,
		`{"reference":"7","status":"expired","detail":"","at":""}`,
		`{"reference":"8","check_s":90}`,
	}
	var recorded []string
	for e := range h.Journal.Received[0].Receipts.Elements() {
		recorded = append(recorded, plugintest.JSON(e))
	}
	if !slices.Equal(recorded, want) || h.Journal.Received[0].Instance != "a" {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(recorded, "\n"), strings.Join(want, "\n"))
	}
	if got := h.Asks(point, "poll", `{"instance":"a","sms":[]}`); got.JSON() != `{"asked":0}` || len(h.Journal.Received) != 1 {
		t.Errorf("nothing due: %s", got.JSON())
	}
}

// TestPollKeepsItsTime: a slow provider costs no more than the task has.
func TestPollKeepsItsTime(t *testing.T) {
	h, now := configured(t, `{}`)
	h.Provider(point, "a", func(string, abi.Value) (abi.Value, *abi.Error) {
		*now += 10
		return plugintest.Value(t, `{"status":"sent"}`), nil
	})
	entry := `{"id":"1","message_id":"m","phone":"","age_s":1}`
	got := h.Asks(point, "poll", `{"instance":"a","sms":[`+strings.Repeat(entry+",", 49)+entry+`]}`)
	if got.JSON() != `{"asked":2}` || h.Journal.Received[0].Receipts.Len() != 2 { // of 30 s half are for asking
		t.Errorf("%s %v", got.JSON(), got.Err)
	}
}

const record = `{"id":"3","user":"tester","phone":"89190000000","provider":"kannel","message_id":"3","result":"OK","segments":1,
	"status":"delivered","status_detail":"stat:DELIVRD","status_at":"2026-11-22T12:00:09+03:00","created_at":"2026-11-22T12:00:00+03:00"}`

func TestStatus(t *testing.T) {
	h := plugintest.New(t)
	var asked []abi.JournalFind
	h.Journal.Find = func(q abi.JournalFind) (abi.Value, *abi.Error) {
		asked = append(asked, q)
		switch {
		case q.ID == "3" || q.Instance == "kannel" && q.MessageID == "3":
			return plugintest.Value(t, record), nil
		case q.ID == "4":
			return plugintest.Value(t, strings.Replace(record, "tester", "somebody", 1)), nil
		case q.ID == "5":
			return plugintest.Value(t, `{"id":"5","user":"tester","result":"pending","status":""}`), nil
		}
		return nil, &abi.Error{Code: abi.CodeNotFound}
	}
	want := `{"id":"3","result":"OK","status":"delivered","detail":"stat:DELIVRD","status_at":"2026-11-22 12:00:09",` +
		`"date_time":"2026-11-22 12:00:00","provider":"kannel","message_id":"3","segments":1}`
	for params, c := range map[string]struct {
		status int
		json   string
	}{
		`{"id":"3"}`:                             {200, want},
		`{"message_id":"3","provider":"kannel"}`: {200, want},
		`{"id":"4"}`:                             {404, `{"error":"Wrong ID!"}`},
		`{"id":"99"}`:                            {404, `{"error":"Wrong ID!"}`},
		`{"message_id":"3","provider":"x"}`:      {404, `{"error":"Wrong ID!"}`},
		`{"id":"5"}`:                             {200, `{"id":"5","result":"pending","status":"unknown","detail":"","status_at":"","date_time":"","provider":"","message_id":"","segments":0}`},
		`{}`:                                     {419, `{"error":"Empty id!"}`},
		`{"provider":"kannel"}`:                  {419, `{"error":"Empty id!"}`},
		`{"message_id":"3"}`:                     {419, `{"error":"Empty provider!"}`},
		`{"id":"3","message_id":"no","provider":"none"}`: {200, want},
	} {
		if got := h.Action("status", params); got.Status() != c.status || got.JSON() != c.json {
			t.Errorf("%s: %d %s\nwant %d %s", params, got.Status(), got.JSON(), c.status, c.json)
		}
	}
	if len(asked) == 0 || slices.ContainsFunc(asked, func(q abi.JournalFind) bool { return q.Kind != "sms" }) {
		t.Errorf("%+v", asked)
	}
	h.Journal.Fail = &abi.Error{Code: abi.CodeInternal, Detail: "disk"}
	if got := h.Action("status", `{"id":"3"}`); got.Status() != 502 || got.Text() != "Journal is unavailable!" {
		t.Errorf("%d %s", got.Status(), got.JSON())
	}
}

func TestBalance(t *testing.T) {
	rich := func(string, abi.Value) (abi.Value, *abi.Error) {
		return plugintest.Value(t, `{"amount":"1042.50","currency":"RUB"}`), nil
	}
	h := plugintest.New(t).
		Provider(point, "smsc", rich).Offers("smsc", "", "send", "balance").
		Provider(point, "kannel", rich).Offers("kannel", "", "send").
		Provider(point, "http", fails(abi.Error{Code: abi.CodeNotFound})).Offers("http", "", "send", "balance").
		Provider(point, "down", fails(down)).Offers("down", "", "send", "balance").
		Provider(point, "slow", fails(lost)).Offers("slow", "", "send", "balance")
	const smsc = `{"provider":"smsc","amount":"1042.50","currency":"RUB"}`
	const broken = `,{"provider":"down","error":"SMS provider is unavailable!"},{"provider":"slow","error":"SMS provider is unavailable!"}`
	for params, c := range map[string]struct {
		status int
		json   string
	}{
		`{}`:                    {200, `{"result":"OK","data":[` + smsc + broken + `]}`},
		`{"provider":"smsc"}`:   {200, `{"result":"OK","data":[` + smsc + `]}`},
		`{"provider":"kannel"}`: {404, `{"error":"The provider tells no balance!"}`},
		`{"provider":"http"}`:   {404, `{"error":"The provider tells no balance!"}`},
		`{"provider":"gone"}`:   {404, `{"error":"No such provider!"}`},
		`{"provider":"down"}`:   {502, `{"error":"SMS provider is unavailable!"}`},
		`{"provider":"slow"}`:   {504, `{"error":"SMS provider is unavailable!"}`},
	} {
		if got := h.Action("balance", params); got.Status() != c.status || got.JSON() != c.json {
			t.Errorf("%s: %d %s\nwant %d %s", params, got.Status(), got.JSON(), c.status, c.json)
		}
	}
	if got := plugintest.New(t).Action("balance", `{}`); got.JSON() != `{"result":"OK","data":[]}` {
		t.Errorf("without providers: %s", got.JSON())
	}
}
