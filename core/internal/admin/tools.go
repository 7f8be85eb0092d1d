package admin

import (
	"github.com/patchbay-gw/patchbay/core/internal/curl"
)

// curlView is a curl command as the settings of sms-http. Secrets of the command
// are in it: they came from the caller.
type curlView struct {
	Plugin   string         `json:"plugin"`
	Settings map[string]any `json:"settings"`
	Hosts    []string       `json:"hosts"`
	Notes    []string       `json:"notes"`
}

// importCurl turns a curl command into settings; nothing is sent or kept.
func (a *API) importCurl(c *call) (any, error) {
	var text string
	var sample curl.Sample
	err := c.decode(fields{"text": str(&text), "phone": str(&sample.Phone), "message": str(&sample.Message), "originator": str(&sample.Originator)}, "text")
	if err != nil {
		return nil, err
	}
	command, err := curl.Parse(text)
	if err == nil {
		var t *curl.Template
		if t, err = command.Template(sample); err == nil {
			return curlView{"sms-http", t.Settings, t.Hosts, nonNil(t.Notes)}, nil
		}
	}
	return nil, Reject("text", Violation{Pointer: "/text", Message: err.Error()})
}
