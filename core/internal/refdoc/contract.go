package refdoc

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// abiTable returns the rows of the first table of a chapter of ABI.md whose first
// cell is a name in backticks, by that name, in order.
func (b *book) abiTable(chapter string, columns int) (names []string, cells map[string][]string, err error) {
	src, err := b.read("sdk-plugin", "abi", "ABI.md")
	if err != nil {
		return nil, nil, err
	}
	_, text, found := strings.Cut(string(src), "\n## "+chapter+". ")
	if !found {
		return nil, nil, fmt.Errorf("ABI.md has no chapter %s", chapter)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	cells = map[string][]string{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if len(row) != columns {
			return nil, nil, fmt.Errorf("ABI.md: %q has %d cells, not %d", line, len(row), columns)
		}
		name := strings.Trim(row[0], "`")
		names, cells[name] = append(names, name), row[1:]
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("ABI.md, chapter %s: %w", chapter, errNothing)
	}
	return names, cells, nil
}

var inCode = regexp.MustCompile("`[^`]*`")

// translated returns a cell of ABI.md in a language; code is the same in all.
func (b *book) translated(lang, cell string) (string, error) {
	if !strings.ContainsFunc(inCode.ReplaceAllString(cell, ""), unicode.IsLetter) {
		return cell, nil
	}
	return b.texts.get(lang, "abi "+cell)
}

// operations writes what a plugin may ask the gateway for: the words of the
// consent and the messages of the contract.
func (b *book) operations(lang string) (string, error) {
	_, cells, err := b.abiTable("8", 3)
	if err != nil {
		return "", err
	}
	t := newTable(pick(lang, "Operation", "Операция"), pick(lang, "Lets a plugin", "Разрешает плагину"), pick(lang, "Request", "Запрос"), pick(lang, "Body of the answer", "Тело ответа"))
	for _, name := range abi.Operations() {
		row, ok := cells[name]
		if !ok {
			return "", fmt.Errorf("ABI.md does not have %s", name)
		}
		delete(cells, name)
		request, err := b.translated(lang, row[0])
		if err != nil {
			return "", err
		}
		answer, err := b.translated(lang, row[1])
		if err != nil {
			return "", err
		}
		t.row(code(name), words(name, lang), request, answer)
	}
	for name := range cells {
		return "", fmt.Errorf("ABI.md has %s, which the code does not", name)
	}
	return t.String(), nil
}

// words says what an operation lets a plugin do, as the consent screen does.
func words(operation, lang string) string {
	m := &manifest.Manifest{Capabilities: []manifest.Capability{{Name: abi.Capability(operation), Operations: []string{operation}}}}
	return (&plugin.Package{Manifest: m}).Asks()[0].Operations[0].Text.In(lang)
}

// errors writes the error codes.
func (b *book) errors(lang string) (string, error) {
	names, cells, err := b.abiTable("7", 3)
	if err != nil {
		return "", err
	}
	t := newTable(pick(lang, "Code", "Код"), pick(lang, "HTTP status", "HTTP-код"), pick(lang, "Message", "Сообщение"))
	for _, name := range names {
		message, err := b.translated(lang, cells[name][1])
		if err != nil {
			return "", err
		}
		t.row(code(name), cells[name][0], message)
	}
	return t.String(), nil
}

// limits writes what bounds plugins.
func (b *book) limits(lang string) (string, error) {
	t := newTable(pick(lang, "Limit", "Ограничение"), pick(lang, "Value", "Значение"))
	httpLimit := func(field string) (string, error) {
		text, err := b.documented(field, "core", "internal", "hostcall", "http", "client.go")
		return units(lang, text), err
	}
	inLog := func(name string) (int64, error) { return b.constant(name, "core", "internal", "wasm", "guestlog.go") }
	for _, row := range []struct {
		name  string
		value func() (string, error)
	}{
		{"message", fixed(size(lang, abi.MaxMessage))},
		{"depth", fixed(strconv.Itoa(abi.MaxDepth))},
		{"file", fixed(size(lang, plugin.MaxSize))},
		{"manifest", fixed(size(lang, manifest.MaxSize))},
		{"memory", fixed(size(lang, wasm.DefaultMemoryMB<<20))},
		{"cpu", fixed(group(lang, wasm.DefaultCPU) + pick(lang, " million", " млн"))},
		{"timeout", fixed(units(lang, fmt.Sprintf("%.0f s", wasm.DefaultTimeout.Seconds())))},
		{"tasks", fixed(group(lang, wasm.DefaultMaxTasks))},
		{"guests", fixed(strconv.Itoa(wasm.DefaultGuests))},
		{"exclusive", fixed(strconv.Itoa(wasm.DefaultExclusiveGuests))},
		{"http-total", func() (string, error) { return httpLimit("Total") }},
		{"http-request", func() (string, error) { return httpLimit("Request") }},
		{"http-answer", func() (string, error) { return httpLimit("Answer") }},
		{"kv-key", fixed(size(lang, kvcall.MaxKey))},
		{"kv-value", fixed(size(lang, kvcall.MaxValue))},
		{"kv-list", fixed(group(lang, kvcall.MaxList))},
		{"log-line", func() (string, error) { return sized(lang)(inLog("maxLogLine")) }},
		{"log-task", func() (string, error) { return counted(lang)(inLog("taskLines")) }},
		{"log-second", func() (string, error) { return counted(lang)(inLog("poolLines")) }},
		{"hook", func() (string, error) {
			return sized(lang)(b.constant("hookBody", "core", "internal", "server", "hooks.go"))
		}},
	} {
		value, err := row.value()
		if err != nil {
			return "", err
		}
		meaning, err := b.texts.get(lang, "limit "+row.name)
		if err != nil {
			return "", err
		}
		t.row(meaning, value)
	}
	return t.String(), nil
}

func fixed(s string) func() (string, error) { return func() (string, error) { return s, nil } }

func sized(lang string) func(int64, error) (string, error) {
	return func(n int64, err error) (string, error) { return size(lang, n), err }
}

func counted(lang string) func(int64, error) (string, error) {
	return func(n int64, err error) (string, error) { return group(lang, int(n)), err }
}

// size writes a number of bytes.
func size(lang string, n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return units(lang, fmt.Sprintf("%d MiB", n>>20))
	case n >= 1<<10 && n%(1<<10) == 0:
		return units(lang, fmt.Sprintf("%d KiB", n>>10))
	}
	return fmt.Sprintf("%d %s", n, pick(lang, "bytes", "байт"))
}

var russianUnits = strings.NewReplacer(" MiB", " МиБ", " KiB", " КиБ", " s", " с")

// units translates the unit behind a number.
func units(lang, text string) string { return pick(lang, text, russianUnits.Replace(text)) }

// constant evaluates a constant that a package keeps to itself.
func (b *book) constant(name string, path ...string) (int64, error) {
	src, err := b.read(path...)
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^\s*` + name + `\s*=\s*([^/\n]+)`).FindSubmatch(src)
	if m == nil {
		return 0, fmt.Errorf("constant %s: %w", name, errNothing)
	}
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, string(m[1]))
	if err != nil {
		return 0, fmt.Errorf("constant %s: %w", name, err)
	}
	n, exact := constant.Int64Val(v.Value)
	if !exact {
		return 0, fmt.Errorf("constant %s is no whole number", name)
	}
	return n, nil
}

// documented returns the value that the comment of a field ends with: "…: 4 MiB."
func (b *book) documented(field string, path ...string) (string, error) {
	src, err := b.read(path...)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`// ` + field + ` [^:]*: ([0-9]+ [A-Za-z]+)[.,]`).FindSubmatch(src)
	if m == nil {
		return "", fmt.Errorf("comment of %s: %w", field, errNothing)
	}
	return string(m[1]), nil
}
