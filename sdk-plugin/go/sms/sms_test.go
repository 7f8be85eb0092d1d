package sms_test

import (
	"errors"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// provider is what the registered operations do in the running test.
var provider sms.Provider

func init() {
	sms.Serve(sms.Provider{
		Send:    func(t *patchbay.Task, m sms.Message) (sms.Sent, error) { return provider.Send(t, m) },
		Status:  func(t *patchbay.Task, q sms.Query) (sms.Report, error) { return provider.Status(t, q) },
		Balance: func(t *patchbay.Task) (sms.Balance, error) { return provider.Balance(t) },
		Receipt: func(t *patchbay.Task, w sms.Webhook) (sms.Receipts, error) { return provider.Receipt(t, w) },
	})
}

// call runs an operation and returns its reply as JSON.
func call(t *testing.T, operation, params string) (string, error) {
	t.Helper()
	n, err := jsontree.Parse([]byte(params))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := patchbay.Run(abi.Request{Kind: abi.Operation, Point: sms.Point, Name: operation, Params: n.Value()}, nil, nil)
	return string(jsontree.AppendValue(nil, reply.Body)), err
}

func TestSend(t *testing.T) {
	var got sms.Message
	provider.Send = func(_ *patchbay.Task, m sms.Message) (sms.Sent, error) {
		got = m
		return sms.Sent{MessageID: "m", PartIDs: []string{"1", "2"}}, nil
	}
	reply, err := call(t, "send", `{"phone": "+7919", "message": "x", "originator": "o", "reference": "7", "encoding": "ucs2", "segments": 2, "receipt_url": "https://g/h"}`)
	if want := (sms.Message{"+7919", "x", "o", "7", "ucs2", 2, "https://g/h"}); err != nil || got != want || reply != `{"message_id":"m","part_ids":["1","2"]}` {
		t.Errorf("got %+v, reply %s %v", got, reply, err)
	}
	// An older gateway says neither segments nor receipt_url.
	provider.Send = func(_ *patchbay.Task, m sms.Message) (sms.Sent, error) { got = m; return sms.Sent{}, nil }
	reply, err = call(t, "send", `{"phone": "+7919", "message": "x", "reference": "7"}`)
	if err != nil || got.Segments != 0 || got.ReceiptURL != "" || reply != `{"message_id":""}` {
		t.Errorf("got %+v, reply %s %v", got, reply, err)
	}
	provider.Send = func(*patchbay.Task, sms.Message) (sms.Sent, error) { return sms.Sent{}, patchbay.Refused("Acme", "no") }
	var e *patchbay.Error
	if _, err = call(t, "send", `{}`); !errors.As(err, &e) || e.Code != abi.CodeRefused || e.Sent {
		t.Errorf("got %v", err)
	}
}

func TestStatusAndBalance(t *testing.T) {
	provider.Status = func(_ *patchbay.Task, q sms.Query) (sms.Report, error) {
		if q != (sms.Query{MessageID: "m", Reference: "7", Phone: "+7"}) {
			t.Errorf("asked %+v", q)
		}
		return sms.Report{Status: sms.Delivered, Detail: "DELIVRD", At: "2026-03-01T12:00:00Z"}, nil
	}
	if reply, err := call(t, "status", `{"message_id": "m", "reference": "7", "phone": "+7"}`); err != nil || reply != `{"status":"delivered","detail":"DELIVRD","at":"2026-03-01T12:00:00Z"}` {
		t.Errorf("%s %v", reply, err)
	}
	provider.Status = func(*patchbay.Task, sms.Query) (sms.Report, error) { return sms.Report{}, nil }
	if reply, err := call(t, "status", `{}`); err != nil || reply != `{"status":"unknown","detail":"","at":""}` {
		t.Errorf("%s %v", reply, err)
	}
	provider.Balance = func(*patchbay.Task) (sms.Balance, error) { return sms.Balance{Amount: "12.50", Currency: "RUB"}, nil }
	if reply, err := call(t, "balance", `{}`); err != nil || reply != `{"amount":"12.50","currency":"RUB"}` {
		t.Errorf("%s %v", reply, err)
	}
}

func TestReceipt(t *testing.T) {
	provider.Receipt = func(_ *patchbay.Task, w sms.Webhook) (sms.Receipts, error) {
		if w.Method != "POST" || w.Query.Get("a").String() != "b" || w.Header.Get("x-k").String() != "v" || w.ContentType != "application/json" || w.Body != "{}" || w.Data.Kind() != patchbay.Map {
			t.Errorf("got %+v", w)
		}
		return sms.Receipts{List: []sms.Receipt{{Reference: "7", Report: sms.Report{Status: sms.Expired}}}, Answer: sms.Answer{ContentType: "text/plain", Body: "OK"}}, nil
	}
	const webhook = `{"method": "POST", "query": {"a": "b"}, "header": {"x-k": "v"}, "content_type": "application/json", "body": "{}", "data": {}}`
	want := `{"receipts":[{"message_id":"","reference":"7","status":"expired","detail":"","at":""}],"answer":{"status":200,"content_type":"text/plain","body":"OK"}}`
	if reply, err := call(t, "receipt", webhook); err != nil || reply != want {
		t.Errorf("%s %v", reply, err)
	}
	provider.Receipt = func(*patchbay.Task, sms.Webhook) (sms.Receipts, error) {
		return sms.Receipts{List: []sms.Receipt{{Report: sms.Report{Status: sms.Expired}}}}, nil
	}
	var e *patchbay.Error
	if _, err := call(t, "receipt", `{}`); !errors.As(err, &e) || e.Code != abi.CodeInvalid {
		t.Errorf("a receipt for nobody: %v", err)
	}
}
