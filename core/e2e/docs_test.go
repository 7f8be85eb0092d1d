package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// blockTime bounds one block of commands; a compiler may run in it.
const blockTime = 3 * time.Minute

// shell is a bash that lives through a page, so that variables, functions and
// background jobs do, as they would for a reader.
type shell struct {
	t     *testing.T
	cmd   *exec.Cmd
	input *os.File
	dir   string // of the blocks and their outputs
	ended chan struct{}
}

// open starts the shell in a new folder.
func openShell(t *testing.T, env ...string) *shell {
	t.Helper()
	s := &shell{t: t, cmd: exec.Command("bash", "--noprofile", "--norc", "-eu", "-o", "pipefail"), dir: t.TempDir(), ended: make(chan struct{})}
	home := filepath.Join(root, "build", "e2e", "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.input = writer
	s.cmd.Dir = t.TempDir()
	s.cmd.Stdin = reader
	s.cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "build")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"XDG_CACHE_HOME="+home,                                // of compiled plugins
		"GOFLAGS=", "GOPROXY=off", "MAKEFLAGS=", "MAKELEVEL=", // nothing is downloaded
		"GOCACHE="+goCache(t))
	// The compiler that the SDK's own tests have installed saves a download.
	if asc := filepath.Join(root, "sdk-plugin", "assemblyscript", "node_modules", ".bin", "asc"); exists(asc) {
		s.cmd.Env = append(s.cmd.Env, "ASC="+asc)
	}
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // background jobs end with it
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = reader.Close() // the shell has its own
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() {
		_ = writer.Close() // the shell ends when it has nothing more to read
		select {
		case <-s.ended:
		case <-time.After(patience):
		}
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // jobs that the page left behind
		<-s.ended
		if t.Failed() {
			s.showLogs()
		}
	})
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// showLogs prints what the background jobs of a failed page have written.
func (s *shell) showLogs() {
	logs, err := filepath.Glob(filepath.Join(s.cmd.Dir, "*", "*.log"))
	if err != nil {
		s.t.Log(err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		const shown = 5_000
		s.t.Logf("%s: %v\n%s", filepath.Base(path), err, text[max(0, len(text)-shown):])
	}
}

// run executes a block and returns what it printed. The block fails with its
// first command that fails.
func (s *shell) run(number int, code string) (string, error) {
	base := filepath.Join(s.dir, fmt.Sprint(number))
	if err := os.WriteFile(base+".sh", []byte(code), 0o600); err != nil {
		return "", err
	}
	// Sourced, not fed to it: a command that reads its input must not read the page.
	if _, err := fmt.Fprintf(s.input, "source '%s.sh' >'%s.out' 2>&1 </dev/null\n: >'%s.done'\n", base, base, base); err != nil {
		return "", err
	}
	fault := error(nil)
	deadline := time.Now().Add(blockTime)
	for !exists(base + ".done") {
		select {
		case <-s.ended:
			if !exists(base + ".done") {
				fault = errors.New("a command failed")
			}
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(deadline) {
				fault = fmt.Errorf("it did not end within %s", blockTime)
			}
		}
		if fault != nil {
			break
		}
	}
	out, err := os.ReadFile(base + ".out")
	return string(out), errors.Join(fault, err)
}

// play executes the blocks of a page that are for a language and compares their
// outputs with those that the page promises. It returns the folder of the page and
// everything that was printed.
func play(t *testing.T, p *page, language string, env ...string) (dir, printed string) {
	t.Helper()
	s := openShell(t, env...)
	for _, c := range p.commands(language) {
		out, err := s.run(c.line, c.code)
		if err == nil {
			err = promised(c.output, out)
		}
		if err != nil {
			t.Fatalf("%s:%d: %v\n%s\n--- output:\n%s", p.name, c.line, err, c.code, out)
		}
		printed += out
	}
	return s.cmd.Dir, printed
}

// promised compares an output with what the page shows: lines of it in their order,
// one after the other, from anywhere on. A line "…" stands for any lines, and … in
// a line for any text.
func promised(want, got string) error {
	have := slices.Collect(strings.Lines(got))
	at, jump := 0, true
	for line := range strings.Lines(want) {
		line = strings.TrimSpace(line)
		if line == "…" {
			jump = true
			continue
		}
		for ; ; at++ {
			if at == len(have) {
				return fmt.Errorf("the output lacks the line %q", line)
			}
			if like(line, strings.TrimSpace(have[at])) {
				break
			}
			if !jump {
				return fmt.Errorf("the output has %q where the page has %q", have[at], line)
			}
		}
		at, jump = at+1, false
	}
	return nil
}

// like reports whether a line is the promised one.
func like(want, got string) bool {
	parts := strings.Split(want, "…")
	if len(parts) == 1 {
		return want == got
	}
	rest, ok := strings.CutPrefix(got, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}

func TestPromised(t *testing.T) {
	for _, c := range []struct {
		want, got string
		good      bool
	}{
		{"a\nb", "x\na\nb\ny", true},
		{"a\nb", "a\nx\nb", false},
		{"a\n…\nb", "a\nx\nb", true},
		{"a\n…\nb", "b\na", false},
		{"a … c", "a b c", true},
		{"a … c", "a b c d", false},
		{"a…c…e", "abcde", true},
		{"a…c…e", "aec", false},
		{"…", "", true},
		{"a", "", false},
		{"", "anything", true},
	} {
		if err := promised(c.want, c.got); (err == nil) != c.good {
			t.Errorf("%q promised, %q printed: %v", c.want, c.got, err)
		}
	}
}

// TestParsePage: a mistake in a page must not leave commands out in silence.
func TestParsePage(t *testing.T) {
	t.Parallel()
	p, err := parsePage("x.md", "# A\n```sh\na\n```\n\n```text\n1\n```\n### Go\n```sh\ngo\n```\n### C\n```sh\nc\n```\n## B\n```sh\nb\n```\n```hcl\nx {}\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.commands("C") {
		got = append(got, c.code+c.output)
	}
	if want := []string{"a\n1\n", "c\n", "b\n"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []string{
		"```sh\na\n", "```\na\n```\n", "```bash\na\n```\n", " ```sh\na\n```\n", "~~~\na\n~~~\n", "```text\na\n```\n",
		"```sh\na\n```\nwords\n```text\na\n```\n", "```hcl\na\n```\n```text\na\n```\n", "## Go\n```sh\na\n```\n## B\n```text\na\n```\n",
	} {
		if _, err := parsePage("x.md", bad); err == nil {
			t.Errorf("accepted: %q", bad)
		}
	}
}

// languages are the titles of the sections of the tutorial that are for one
// language, and of the rows of its table.
var languages = []string{"Go", "AssemblyScript", "C", "Rust"}

// TestTutorial executes "Your first provider" word for word, for each language.
// The Russian page has the same commands, see [TestTranslations].
func TestTutorial(t *testing.T) {
	t.Parallel()
	p := readPage(t, "partner/en/1-first-provider.md")
	table := readPage(t, "partner/en/6-languages.md")
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			dir, printed := play(t, p, language, "ACME="+freeAddress(t), "WORKBENCH="+freeAddress(t), "GATEWAY="+freeAddress(t))
			checkFigures(t, table, language, filepath.Join(dir, "tutorial", "sms-acme", "build", "sms-acme.wasm"), printed)
		})
	}
}

// TestPages executes the other pages that have commands.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"partner/en/5-publishing.md", "partner/en/6-languages.md", "administrator/en/plugins.md", "administrator/en/operation.md", "administrator/en/guards.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := readPage(t, name)
			if len(p.commands("")) == 0 {
				t.Fatal("the page has no commands; take it off the list")
			}
			play(t, p, "", "SANDBOX="+freeAddress(t), "GATEWAY="+freeAddress(t), "ESL="+freeAddress(t))
		})
	}
}

// TestUserManual executes the manual for systems that call the gateway, against a
// gateway with the sandbox around it.
func TestUserManual(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everything)
	play(t, readPage(t, "user/en/README.md"), "", "GATEWAY="+w.listen, "LOGIN="+integrator, "PASSWORD="+w.password)
}

// TestTranslations: the pages of both languages have the same commands with the
// same outputs, in sections with the same numbers.
func TestTranslations(t *testing.T) {
	t.Parallel()
	names := pageNames(t)
	pairs := 0
	for _, name := range names {
		other := strings.Replace(name, "/en/", "/ru/", 1)
		if other == name {
			other = strings.Replace(name, "/ru/", "/en/", 1)
		}
		if other == name {
			continue // the index
		}
		if !slices.Contains(names, other) {
			t.Errorf("%s has no translation %s", name, other)
			continue
		}
		if strings.Contains(name, "/ru/") {
			continue
		}
		pairs++
		en, ru := readPage(t, name), readPage(t, other)
		if a, b := en.shape(), ru.shape(); a != b {
			t.Errorf("%s and %s differ:\n%s", name, other, firstDifference(a, b))
		}
	}
	if pairs < 9 {
		t.Errorf("only %d pages are translated", pairs)
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%s\n%s", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// TestLinks: every link of the documents that stays in the repository leads to a
// file, and to a heading when it names one.
func TestLinks(t *testing.T) {
	t.Parallel()
	links := 0
	for _, name := range pageNames(t) {
		p := readPage(t, name)
		for _, link := range p.links() {
			links++
			file, anchor, _ := strings.Cut(link, "#")
			path := filepath.Join(root, "docs", filepath.FromSlash(name))
			if file != "" {
				path = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			text, err := os.ReadFile(path)
			if info, fault := os.Stat(path); fault == nil && info.IsDir() {
				err = nil
			}
			switch {
			case err != nil:
				t.Errorf("%s links to %s: %v", name, link, err)
			case anchor != "" && !slices.Contains(anchors(bytes.NewReader(text)), anchor):
				t.Errorf("%s links to %s, which has no such heading", name, link)
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links found", links)
	}
}
