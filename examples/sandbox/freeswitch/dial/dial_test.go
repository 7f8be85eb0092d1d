package dial

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSeparate(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		delim byte
		limit int
		want  []string
	}{
		{"blank", "a b  c ", ' ', 10, []string{"a", "b", "c"}},
		{"blank quotes carry spaces", "user/1 'a b' c", ' ', 10, []string{"user/1", "a b", "c"}},
		{"blank double quotes are text", `a "b c"`, ' ', 10, []string{"a", `"b`, `c"`}},
		{"blank escaped space does not split", `a b\ c`, ' ', 10, []string{"a", `b\ c`}},
		{"blank escape s becomes a space", `John\sSmith x`, ' ', 10, []string{"John Smith", "x"}},
		{"blank keeps escaped comma for the next stage", `a\,b`, ' ', 10, []string{`a\,b`}},
		{"comma", "a=1,b=2", ',', 10, []string{"a=1", "b=2"}},
		{"comma quotes", "a='1,2',b", ',', 10, []string{"a=1,2", "b"}},
		{"comma lone apostrophe is text", "O'Brien X,b", ',', 10, []string{"O'Brien X", "b"}},
		{"comma escaped", `Smith\, John`, ',', 10, []string{"Smith, John"}},
		{"newline escape", `a\nb`, ',', 10, []string{"a\nb"}},
		{"empty fields stay", "a,,b", ',', 10, []string{"a", "", "b"}},
		{"other separator", "^^:a=1,2:b", ',', 10, []string{"a=1,2", "b"}},
		{"limit keeps the rest", "a=b=c", '=', 2, []string{"a", "b=c"}},
		{"empty", "", ',', 10, nil},
		{"surrounding blanks go", "  a  ,  b  ", ',', 10, []string{"a", "b"}},
		{"quoted blanks stay", "' a ',b", ',', 10, []string{" a ", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Separate(tt.text, tt.delim, tt.limit); !slices.Equal(got, tt.want) {
				t.Errorf("Separate(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestParseOriginate(t *testing.T) {
	got, err := ParseOriginate("loopback/9022/default 9001 undef undef Name 123 3")
	want := Originate{"loopback/9022/default", "9001", "XML", "default", "Name", "123", 3}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "loopback/9001/default", "a b c d e f g h"} {
		if _, err := ParseOriginate(bad); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: %v, want ErrUsage", bad, err)
		}
	}
}

func TestApps(t *testing.T) {
	tests := []struct {
		arguments string
		want      []App
		ok        bool
	}{
		{"user/1 &park", []App{{"park", ""}}, true},
		{"user/1 &system(id>/x)", []App{{"system", "id>/x"}}, true},
		{"user/1 'system:id -u,park' inline", []App{{"system", "id -u"}, {"park", ""}}, true},
		{"user/1 'm:^:system:a,b^park' INLINE", []App{{"system", "a,b"}, {"park", ""}}, true},
		{"user/1 9001 XML default", nil, false},
	}
	for _, tt := range tests {
		o, err := ParseOriginate(tt.arguments)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := o.Apps(); ok != tt.ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v %v", tt.arguments, got, ok)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		legs []string // endpoint|data|vars
	}{
		{"user/1001@127.0.0.1", []string{"user|1001@127.0.0.1|"}},
		{"{a=1,b='x, y'}user/1", []string{"user|1|a=1;b=x, y;"}},
		{"{a=1}{b=2}user/1", []string{"user|1|a=1;b=2;"}},
		{"{^^;a=1,2;b=3}user/1", []string{"user|1|a=1,2;b=3;"}},
		{"<e=1>{a=2}[x=1,y=2]user/1,error/USER_BUSY", []string{"user|1|e=1;a=2;x=1;y=2;", "error|USER_BUSY|e=1;a=2;"}},
		{"user/1|user/2", []string{"user|1|", "user|2|"}},
		{"user/1:_:{a=1}user/2", []string{"user|1|", "user|2|a=1;"}},
		{"garbage", []string{"garbage||"}},
		{"a}b/9002", []string{"a}b|9002|"}},
	}
	for _, tt := range tests {
		list, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		var got []string
		for _, leg := range list.Legs() {
			var vars strings.Builder
			for _, v := range leg.Vars {
				vars.WriteString(v.Name + "=" + v.Value + ";")
			}
			got = append(got, leg.Endpoint+"|"+leg.Data+"|"+vars.String())
		}
		if !slices.Equal(got, tt.legs) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.legs)
		}
	}
	for _, bad := range []string{"{a=1", "{a=1}", "[a=1", "<a", "", "{a=b user/1"} {
		if _, err := Parse(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v, want ErrParse", bad, err)
		}
	}
}

func TestExpand(t *testing.T) {
	var calls []string
	e := Expander{
		Var: func(name string) string { return map[string]string{"uuid": "U", "which": "uuid"}[name] },
		API: func(name, args string) string { calls = append(calls, name+"|"+args); return "out" },
	}
	tests := []struct{ text, want string }{
		{"/rec/${uuid}.wav", "/rec/U.wav"},
		{"${${which}}", "U"},
		{"x${system(id>/x)}y", "xouty"},
		{"${system id>/x}", "out"},
		{"${unclosed", "${unclosed"},
		{"$x {y}", "$x {y}"},
	}
	for _, tt := range tests {
		if got := e.Expand(tt.text); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
	if want := []string{"system|id>/x", "system|id>/x"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q", calls)
	}
}

func FuzzDial(f *testing.F) {
	for _, seed := range []string{
		"user/1 &park", "{a='b\\'c',d=e}[x=1]user/1,user/2|error/X :_:<q=1>null/9 'm:^:a:b' inline", "^^:a:b", "{", "'", "\\", "${a ${b(c)}}", "^^", "[[],[a=1]user/1 x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, delim := range []byte(" ,=|") {
			if got := Separate(text, delim, 5); len(got) > 5 {
				t.Errorf("%d fields over the limit", len(got))
			}
		}
		if o, err := ParseOriginate(text); err == nil {
			o.Apps()
			if list, err := Parse(o.DialString); err == nil && len(list.Legs()) == 0 {
				t.Error("a parsed dial string without a leg")
			}
		}
		echo := Expander{Var: func(n string) string { return n }, API: func(n, a string) string { return n + a }}
		if got := echo.Expand(text); !strings.Contains(text, "${") && got != text {
			t.Errorf("text without an expansion changed: %q", got)
		}
	})
}
