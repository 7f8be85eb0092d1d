package mask_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
)

func TestMaskPhone(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"+79190000000":                     "+7919***00",
		"89190000012":                      "8919***12",
		"+7 (919) 000-00-42":               "+7919***42",
		"9190000012":                       "9190***12",
		"919000012":                        "91***12",
		"1234567":                          "***67",
		"123456":                           "***",
		"1001":                             "***",
		"+":                                "***",
		"7+9190000000":                     "***",
		"agent007":                         "***",
		"user@host":                        "***",
		"７９１９００００００００":                     "***",
		"+7919000000079190000000791900000": "***",
	} {
		if got := mask.MaskPhone(in); got != want {
			t.Errorf("MaskPhone(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	const s = "Ваш код: 4417"
	if got := mask.Text(s, mask.TextFull, nil); got != s {
		t.Error(got)
	}
	if got := mask.Text(s, mask.TextHidden, nil); got != "(13 characters)" {
		t.Error(got)
	}
	a, b := mask.Text(s, mask.TextHash, []byte("k1")), mask.Text(s, mask.TextHash, []byte("k2"))
	if a == b || a != mask.Text(s, mask.TextHash, []byte("k1")) || !strings.HasPrefix(a, "(13 characters, ") {
		t.Errorf("hashes %q and %q", a, b)
	}
	if got := mask.Text("", mask.TextHash, nil); got != "" {
		t.Error(got)
	}
	var forgotten mask.TextMode
	if got := mask.Text(s, forgotten, nil); strings.Contains(got, "4417") {
		t.Error("the zero mode shows the text")
	}
	for name, want := range map[string]mask.TextMode{"hidden": mask.TextHidden, "hash": mask.TextHash, "full": mask.TextFull} {
		if got, err := mask.ParseTextMode(name); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := mask.ParseTextMode("none"); err == nil {
		t.Error("mode none accepted")
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcdef", 5, "ab…"}, {"приветик", 8, "пр…"}, {"привет", 2, "п"}, {"привет", 1, ""},
		{"abc", 0, ""}, {"abc", -1, ""}, {"", 0, ""},
	} {
		if got := mask.Truncate(c.in, c.limit); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func policy() mask.Policy {
	return mask.Policy{
		Secrets: []string{"password", "access_token"},
		Phones:  []string{"phone", "called_number"},
		Texts:   []string{"message"},
	}
}

func TestRedactJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"  \n", ""},
		{`{}`, `{}`},
		{`[]`, `[]`},
		{` { "b" : 1 , "a" : [ true , null , 1.50 , 12345678901234567890 ] } `, `{"b":1,"a":[true,null,1.50,12345678901234567890]}`},
		{`{"login":"x","password":"p"}`, `{"login":"x","password":"***"}`},
		{`{"PassWord":{"deep":["p"]},"access-token":1,"accessToken":true}`, `{"PassWord":"***","access-token":"***","accessToken":"***"}`},
		{`{"pass\u0077ord":"p"}`, `{"password":"***"}`},
		{`{"password":"p","password":"q"}`, `{"password":"***","password":"***"}`},
		{`{"a":[{"b":{"password":"p"}}]}`, `{"a":[{"b":{"password":"***"}}]}`},
		{`{"phone":"+79190000000","called_number":89190000012}`, `{"phone":"+7919***00","called_number":"8919***12"}`},
		{`{"phone":["+79190000000",{"n":"+79190000011","password":"p"}]}`, `{"phone":["+7919***00",{"n":"+7919***11","password":"***"}]}`},
		{`{"message":"Код 4417"}`, `{"message":"(8 characters)"}`},
		{`{"message":4417}`, `{"message":"(4 characters)"}`},
		{`{"t":"<b>&é\u2028"}`, `{"t":"<b>&é\u2028"}`},
		{`{"j":"{\"password\":\"p\",\"x\":1}"}`, `{"j":"{\"password\":\"***\",\"x\":1}"}`},
		{`{"j":"{\"password\":\"p"}`, `{"j":"***"}`},
		{`{"j":"[INFO] hello: all well"}`, `{"j":"[INFO] hello: all well"}`},
		{`{"u":"https://h/?a=1&password=p"}`, `{"u":"***"}`},
		{`{"u":"change your password soon"}`, `{"u":"change your password soon"}`},
		{`"just a text"`, `(13 bytes, not JSON)`},
		{`12345`, `(5 bytes, not JSON)`},
		{`{"password":"p"`, `(15 bytes, not JSON)`},
		{`{"a":1}{"password":"p"}`, `(23 bytes, not JSON)`},
		{"{\"a\":\"\xff\"}", `(9 bytes, not JSON)`},
		{"login=x&password=p", `(18 bytes, not JSON)`},
		{deep, `(421 bytes, nested too deeply)`},
	} {
		if got := mask.RedactJSON([]byte(c.in), policy()); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestRedactJSONSize(t *testing.T) {
	p := policy()
	body := []byte(`{"t":"` + strings.Repeat("ы", 5000) + `"}`)
	if got := mask.RedactJSON(body, p); len(got) > 4096 || !utf8.ValidString(got) || !strings.HasSuffix(got, "ы…") {
		t.Errorf("%d bytes", len(got))
	}
	for p.MaxBytes = 1; p.MaxBytes < 50; p.MaxBytes++ {
		if got := mask.RedactJSON(body, p); len(got) > p.MaxBytes || !utf8.ValidString(got) {
			t.Errorf("limit %d gave %d bytes", p.MaxBytes, len(got))
		}
	}
}

// FuzzRedactJSON puts a secret into otherwise arbitrary bodies.
func FuzzRedactJSON(f *testing.F) {
	f.Add("{", "}", "login")
	f.Add(`{"a":[{"x":"y",`, `}]}`, "x")
	f.Add(`{"phone":{`, `}}`, "phone")
	f.Add("not json ", "", "")
	f.Add(`{"a":1,`, `,"message":"m"}`, "message")
	const marker = "S3CRET-41f2"
	f.Fuzz(func(t *testing.T, before, after, name string) {
		if strings.HasSuffix(before, `\`) || strings.Contains(before+after+name, marker) {
			t.Skip() // a backslash turns "password" into a part of another name
		}
		p := policy()
		check := func(body []byte) {
			got := mask.RedactJSON(body, p)
			if strings.Contains(got, marker) {
				t.Fatalf("the secret of %s shows in %s", body, got)
			}
			if !utf8.ValidString(got) || len(got) > 4096 {
				t.Fatalf("%d bytes, valid %v", len(got), utf8.ValidString(got))
			}
		}
		check([]byte(before + `"password":"` + marker + `"` + after))
		// The same as a well-formed document, and as text inside a document.
		inner, err := json.Marshal(map[string]any{name: map[string]any{"Password": []string{marker}}, "z": after})
		if err != nil {
			t.Fatal(err)
		}
		check(inner)
		outer, err := json.Marshal(map[string]any{name: string(inner), "y": before})
		if err != nil {
			t.Fatal(err)
		}
		check(outer)
		check(outer[:len(outer)/2])
	})
}

func FuzzMaskPhone(f *testing.F) {
	f.Add("+79190000000")
	f.Add("8 (919) 000-00-00")
	f.Fuzz(func(t *testing.T, s string) {
		shown := 0
		for _, c := range mask.MaskPhone(s) {
			if c >= '0' && c <= '9' {
				shown++
			}
		}
		total := 0
		for _, c := range s {
			if c >= '0' && c <= '9' {
				total++
			}
		}
		if shown > 6 || total > 0 && total-shown < 4 && shown > 0 {
			t.Errorf("MaskPhone(%q) = %q shows %d of %d digits", s, mask.MaskPhone(s), shown, total)
		}
	})
}
