package archtest

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest finds `folder.TestName` in docs/security.md.
var namedTest = regexp.MustCompile("`([a-z0-9/_-]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")

// TestSecurityPageNamesTests: a claim about security is worth the test behind it, so
// every test that the page names must exist, in the folder that it names.
func TestSecurityPageNamesTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	exists := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				exists[s.folder+"."+f.Name.Name] = true
			}
		}
	}
	found := 0
	for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
		found++
		if !exists[m[1]+"."+m[2]] {
			t.Errorf("docs/security.md names %s in %s, which does not exist", m[2], m[1])
		}
	}
	if found < 50 {
		t.Errorf("docs/security.md names %d tests only", found)
	}
	for _, mark := range []string{"<!-- guards -->", "<!-- /guards -->"} {
		if strings.Count(string(text), mark) != 1 {
			t.Errorf("docs/security.md has no single %s", mark)
		}
	}
}
