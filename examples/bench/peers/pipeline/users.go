package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// user is whom a token belongs to.
type user struct {
	login  string
	active bool
	rights map[string]bool // "module.action"
}

// readUsers reads the file that `twin fill --users` writes: a line for each token
// with token, login, status (10 is active) and rights separated by commas, all
// separated by tabs.
func readUsers(path string) (map[string]*user, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	defer func() { _ = f.Close() }()
	users, err := parseUsers(f)
	if err != nil {
		return nil, fmt.Errorf("users: %s: %w", path, err)
	}
	return users, nil
}

func parseUsers(r io.Reader) (map[string]*user, error) {
	users := map[string]*user{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 4 || fields[0] == "" || fields[1] == "" {
			return nil, fmt.Errorf("line %d: want token, login, status and rights between tabs", n)
		}
		if users[fields[0]] != nil {
			return nil, fmt.Errorf("line %d: the token occurs twice", n)
		}
		u := &user{login: fields[1], active: fields[2] == "10", rights: map[string]bool{}}
		for right := range strings.SplitSeq(fields[3], ",") {
			u.rights[right] = true
		}
		users[fields[0]] = u
	}
	if len(users) == 0 && lines.Err() == nil {
		return nil, fmt.Errorf("there is no user in it")
	}
	return users, lines.Err()
}
