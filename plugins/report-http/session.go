package main

import (
	"errors"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// session keeps the token of the last login, for all tasks of this guest. It is
// never written anywhere.
type session struct {
	login     *template.Request
	tokenPath string
	ttl       int64 // seconds, 0: until it is refused

	token string
	since int64 // Unix time
}

func newSession(v patchbay.Value) (*session, error) {
	if v.Get("login_url").String() == "" {
		return nil, errors.New("login_url: auth is login, so an address is needed")
	}
	q, err := template.Scope{Settings: v}.Request("login_")
	seconds, _ := v.Get("token_ttl").Int()
	return &session{login: q, tokenPath: v.Get("token_path").String(), ttl: seconds}, err
}

// current returns a token, after a login when there is none. refused is one that
// the system did not take any more, "" at first. When another task has logged in
// meanwhile, its token is used.
func (s *session) current(t *patchbay.Task, timeoutMS int, refused string) (string, error) {
	if s.token != "" && s.token != refused && (s.ttl == 0 || patchbay.Now()-s.since < s.ttl) {
		return s.token, nil
	}
	request, err := s.login.Build(nil)
	if err != nil {
		return "", err
	}
	request.Parse, request.TimeoutMS = abi.ParseJSON, timeoutMS
	answer, err := t.Fetch(request)
	if err != nil {
		return "", err
	}
	token := answer.Data.Path(s.tokenPath).String()
	if answer.Status < 200 || answer.Status > 299 || token == "" {
		return "", errors.New("login: HTTP " + strconv.Itoa(answer.Status) + ", no token at " + s.tokenPath)
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return "", errors.New("login: the token at " + s.tokenPath + " holds a character that no header can")
		}
	}
	s.token, s.since = token, patchbay.Now()
	return token, nil
}
