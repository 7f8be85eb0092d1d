// Command sms-exolve sends SMS through MTS Exolve.
package main

import (
	"errors"
	"strconv"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

// system is the name that people read when something fails.
const system = "MTS Exolve"

var (
	apiKey, sender string // settings, see plugin.json
	timeoutMS      int
)

func init() {
	patchbay.Bind("api_key", &apiKey)
	patchbay.Bind("sender", &sender)
	patchbay.Bind("timeout_ms", &timeoutMS)
	sms.Serve(sms.Provider{Send: send, Balance: balance})
	patchbay.OnHealth(func(t *patchbay.Task) (patchbay.Reply, error) {
		_, err := balance(t)
		return patchbay.Reply{}, err
	})
}

func main() {}

func send(t *patchbay.Task, m sms.Message) (sms.Sent, error) {
	if m.Originator == "" {
		m.Originator = sender
	}
	body := new(patchbay.Object).Str("number", strings.TrimPrefix(m.Originator, "+")).
		Str("destination", strings.TrimPrefix(m.Phone, "+")).Str("text", m.Text)
	data, err := call(t, "messaging/v1/SendSMS", body)
	if err != nil {
		return sms.Sent{}, err
	}
	id := data.Get("message_id").String()
	if id == "" {
		id = data.Get("messageId").String() // some answers spell it so
	}
	if id == "" || says(data.Get("error")) {
		return sms.Sent{}, patchbay.Uncertain(system, "the answer names neither an id nor an error, or both")
	}
	return sms.Sent{MessageID: id}, nil
}

func balance(t *patchbay.Task) (sms.Balance, error) {
	data, err := call(t, "finance/v1/GetBalance", new(patchbay.Object))
	if err != nil {
		return sms.Balance{}, err
	}
	amount, ok := sms.Amount(data.Get("balance"))
	if !ok {
		return sms.Balance{}, patchbay.Unavailable(system, errors.New("the answer has no balance"))
	}
	return sms.Balance{Amount: amount, Currency: "RUB"}, nil
}

// call posts a JSON body to a method and returns the JSON of an answer 200.
func call(t *patchbay.Task, method string, body *patchbay.Object) (patchbay.Value, error) {
	answer, err := t.Do(patchbay.Post("https://api.exolve.ru/" + method).Bearer(apiKey).JSON(body.Value()).
		Parse(patchbay.ParseJSON).Timeout(timeoutMS))
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	failure := answer.Data.Get("error")
	refused := says(failure) && !answer.Data.Get("message_id").Exists() && !answer.Data.Get("messageId").Exists()
	if answer.Status == 200 && answer.Data.Kind() == patchbay.Map && !refused {
		return answer.Data, nil
	}
	text := "HTTP " + strconv.Itoa(answer.Status) + " " + message(failure, answer)
	switch answer.Status {
	case 429:
		return nil, patchbay.Busy(system, 1000)
	case 401, 403:
		t.Error("MTS Exolve refuses the key; no SMS leaves through it until api_key is right and may use the sender", "error", text)
	case 402:
		t.Error("MTS Exolve: the account has no money left", "error", text)
	}
	// Which part of a request was wrong is said in words only, so nobody can tell
	// that another provider would refuse it, too.
	if answer.Status/100 == 4 && answer.Status != 408 || answer.Status == 200 && refused {
		return nil, patchbay.Unavailable(system, errors.New(text))
	}
	return nil, patchbay.Uncertain(system, text)
}

// says reports whether the field error holds one: some answers have it empty.
func says(failure patchbay.Value) bool {
	return failure.Kind() == patchbay.Map && failure.Len() > 0 || failure.Kind() == patchbay.String && failure.Len() > 0
}

// message returns what an answer says about its failure: {"error": {"message": …}},
// {"error": "…"}, {"message": "…"} or the beginning of the body.
func message(failure patchbay.Value, answer patchbay.Response) string {
	for _, v := range []patchbay.Value{failure.Get("message"), failure, answer.Data.Get("message")} {
		if text := v.String(); text != "" {
			return text
		}
	}
	return sms.Excerpt(answer.Body)
}
