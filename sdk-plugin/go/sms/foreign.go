package sms

import (
	"errors"
	"strconv"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// Foreign is for answers that the aggregator itself does not give: a page of a proxy, a
// broken body. A client error says that the request was not carried out; after any
// other the SMS may have been accepted.
func Foreign(system string, answer patchbay.Response) error {
	text := "HTTP " + strconv.Itoa(answer.Status) + " " + Excerpt(answer.Body)
	switch {
	case answer.Status == 429:
		return patchbay.Busy(system, 1000)
	case answer.Status/100 == 4 && answer.Status != 408:
		return patchbay.Unavailable(system, errors.New(text))
	}
	return patchbay.Uncertain(system, text)
}

// maxExcerpt bounds what of an answer goes to the log, in bytes.
const maxExcerpt = 100

// Excerpt returns the beginning of an answer for the log.
func Excerpt(body []byte) string {
	return strings.ToValidUTF8(strings.TrimSpace(string(body[:min(len(body), maxExcerpt)])), "")
}
