package main

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const point = "sms.provider"

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAggregators runs the settings of the README against answers as the
// aggregators document them.
func TestAggregators(t *testing.T) {
	for _, c := range []struct {
		name, aggregator string
		status           int
		answer           string
		id               string // accepted when the code is empty
		code             abi.Code
		sent             bool
	}{
		{"accepted", "smsc.ru", 200, `{"id":1,"cnt":1}`, "1", "", false},
		{"forbidden text", "smsc.ru", 200, `{"error":"message is denied","error_code":6,"id":3}`, "", abi.CodeRefused, false},
		{"invalid number", "smsc.ru", 200, `{"error":"invalid number","error_code":7}`, "", abi.CodeRefused, false},
		{"wrong login", "smsc.ru", 200, `{"error":"authorise error","error_code":2}`, "", abi.CodeUnavailable, false},
		{"no money", "smsc.ru", 200, `{"error":"no money","error_code":3}`, "", abi.CodeUnavailable, false},
		{"garbage", "smsc.ru", 200, `<html>`, "", abi.CodeUnavailable, true},
		{"empty answer", "smsc.ru", 200, ``, "", abi.CodeUnavailable, true},
		{"server error", "smsc.ru", 500, ``, "", abi.CodeUnavailable, true},

		{"accepted", "sms.ru", 200, `{"status":"OK","status_code":100,"sms":{"79190000000":{"status":"OK","status_code":100,"sms_id":"000000-10000000"}},"balance":4122.56}`,
			"000000-10000000", "", false},
		{"wrong number inside OK", "sms.ru", 200, `{"status":"OK","status_code":100,"sms":{"79190000000":{"status":"ERROR","status_code":207,"status_text":"no route to 79190000000"}}}`,
			"", abi.CodeRefused, false},
		{"no money inside OK", "sms.ru", 200, `{"status":"OK","status_code":100,"sms":{"79190000000":{"status":"ERROR","status_code":201}}}`,
			"", abi.CodeUnavailable, false},
		{"code that no rule names", "sms.ru", 200, `{"status":"OK","status_code":100,"sms":{"79190000000":{"status":"ERROR","status_code":999}}}`,
			"", abi.CodeUnavailable, true},
		{"another number's answer", "sms.ru", 200, `{"status":"OK","status_code":100,"sms":{"79190000001":{"status":"OK","sms_id":"1"}}}`,
			"", abi.CodeUnavailable, true},
		{"wrong key", "sms.ru", 200, `{"status":"ERROR","status_code":200,"status_text":"wrong api_id"}`, "", abi.CodeUnavailable, false},

		{"accepted", "exolve", 200, `{"message_id":"439166538210123456"}`, "439166538210123456", "", false},
		{"accepted, number as id", "exolve", 200, `{"message_id":18446744073709551615}`, "18446744073709551615", "", false},
		{"bad request", "exolve", 400, `{"error":{"message":"invalid number"}}`, "", abi.CodeRefused, false},
		{"wrong key", "exolve", 401, `{}`, "", abi.CodeUnavailable, false},
		{"limit", "exolve", 429, `{}`, "", abi.CodeUnavailable, false},
		{"200 without an id", "exolve", 200, `{}`, "", abi.CodeUnavailable, true},
		{"id is null", "exolve", 200, `{"message_id":null}`, "", abi.CodeUnavailable, true},
		{"gateway time-out", "exolve", 504, ``, "", abi.CodeUnavailable, true},

		{"accepted", "smsaero", 200, `{"success":true,"data":{"id":1,"from":"SMS Aero","status":0},"message":null}`, "1", "", false},
		{"refused", "smsaero", 200, `{"success":false,"data":null,"message":"Validation error."}`, "", abi.CodeRefused, false},
		{"refused with 400", "smsaero", 400, `{"success":false,"data":null,"message":"Validation error."}`, "", abi.CodeRefused, false},

		{"accepted", "sandbox", 200, `{"id":"1","status":"accepted"}`, "1", "", false},
		{"refused inside 200", "sandbox", 200, `{"id":"1","status":"rejected","error":"no route"}`, "", abi.CodeRefused, false},
		{"refused", "sandbox", 422, `{"error":"bad number"}`, "", abi.CodeRefused, false},
	} {
		t.Run(c.aggregator+" "+c.name, func(t *testing.T) {
			h := plugintest.New(t).Settings(fixture(t, c.aggregator)).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
				return plugintest.Answer(c.status, "text/html", c.answer), nil // what they say about the type is not believed
			})
			got := h.Operation(point, "send", `{"phone":"+79190000000","message":"Проверка","originator":"FRONTLINE","reference":"1"}`)
			if c.code == "" {
				if got.Err != nil || got.JSON() != `{"message_id":"`+c.id+`"}` {
					t.Errorf("got %s %v, want id %s", got.JSON(), got.Err, c.id)
				}
				return
			}
			if got.Err == nil || got.Err.Code != c.code || got.Err.Sent != c.sent {
				t.Fatalf("got %+v, want %s, sent %v", got.Err, c.code, c.sent)
			}
			if strings.Contains(got.Err.Detail, "79190000000") || strings.Contains(got.Err.Detail, "Проверка") {
				t.Errorf("the error for the log holds the number or the text: %s", got.Err.Detail)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	send := func(aggregator, message string) abi.HTTPRequest {
		h := plugintest.New(t).Settings(fixture(t, aggregator)).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(200, "", `{}`), nil
		})
		var p abi.Object
		p.Str("phone", "+79190000000").Str("message", message).Str("originator", "FRONTLINE").Str("reference", "1")
		h.Operation(point, "send", plugintest.JSON(p.Value()))
		if len(h.Requests()) != 1 {
			t.Fatalf("%s: %d requests", aggregator, len(h.Requests()))
		}
		return h.Requests()[0]
	}
	for _, message := range []string{"Привет", `a"b\c` + "\n}{,", "{settings.password} {phone}", "a&psw=x&b=%26+", "</mes>", "\u2028\x01"} {
		q := send("smsc.ru", message)
		form, err := url.ParseQuery(string(q.Body))
		want := url.Values{
			"login": {"gateway"}, "psw": {"s&cret"}, "phones": {"79190000000"}, "mes": {message}, "sender": {"FRONTLINE"},
			"fmt": {"3"}, "charset": {"utf-8"},
		}
		if err != nil || form.Encode() != want.Encode() || q.Method != "POST" || q.URL != "https://smsc.ru/sys/send.php" ||
			plugintest.Header(q, "content-type") != "application/x-www-form-urlencoded; charset=utf-8" {
			t.Errorf("smsc.ru %q: %s %s %s", message, q.Method, q.URL, q.Body)
		}

		q = send("exolve", message)
		body := plugintest.Value(t, string(q.Body))
		if body.Get("text").String() != message || body.Get("destination").String() != "79190000000" || body.Len() != 3 ||
			plugintest.Header(q, "authorization") != "Bearer key" {
			t.Errorf("exolve %q: %s", message, q.Body)
		}

		q = send("smsaero", message)
		body = plugintest.Value(t, string(q.Body))
		if body.Get("text").String() != message || body.Get("number").Kind() != abi.Int || body.Len() != 3 ||
			plugintest.Header(q, "authorization") != "Basic dXNlckBjb21wYW55LmV4YW1wbGU6a2V5" {
			t.Errorf("smsaero %q: %s %s", message, q.Body, plugintest.JSON(q.Header))
		}
	}
}
