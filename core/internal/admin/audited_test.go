package admin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// unaudited are the requests that are no reading and leave no audit record, with the
// reason.
var unaudited = map[string]string{
	"POST /me/second-factor":              "nothing is in force before the first code confirms it, which is recorded",
	"POST /tools/curl":                    "it translates a text",
	"POST /modules/:name/document/plan":   "it tells what a change would do",
	"POST /providers/:name/document/plan": "it tells what a change would do",
	"POST /import/plan":                   "it tells what a change would do",
	"DELETE /exports/:id":                 "the file would go by itself; that it was made is recorded",
}

// closure ends the name of a function within a function.
var closure = regexp.MustCompile(`\.func[0-9.]+$`)

// TestEveryChangeIsAudited: whatever is asked for by another method than GET leads to
// the audit record on some way through the code, or says above why it does not. That
// the record is right is for the scenarios of TestAdmin and TestDesk in package app.
func TestEveryChangeIsAudited(t *testing.T) {
	calls := callsOf(t)
	changes := 0
	for _, r := range routes() {
		if r.method == get {
			continue
		}
		changes++
		name := runtime.FuncForPC(reflect.ValueOf(r.serve).Pointer()).Name()
		name = closure.ReplaceAllString(name, "") // what made it: removed, replaced
		name = name[strings.LastIndexByte(name, '.')+1:]
		path := r.method + " " + r.path
		_, excused := unaudited[path]
		switch leads := reaches(calls, name, map[string]bool{}); {
		case !leads && !excused:
			t.Errorf("%s (%s) writes no audit record", path, name)
		case leads && excused:
			t.Errorf("%s (%s) is excused and writes an audit record", path, name)
		}
		delete(unaudited, path)
	}
	for path := range unaudited {
		t.Errorf("%s is excused and does not exist", path)
	}
	if changes < 30 {
		t.Errorf("%d routes change something; the table was not read", changes)
	}
}

// reaches says whether a function of this package calls audit, itself or through
// others.
func reaches(calls map[string][]string, from string, seen map[string]bool) bool {
	if from == "audit" {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, to := range calls[from] {
		if reaches(calls, to, seen) {
			return true
		}
	}
	return false
}

// callsOf reads which functions of this package name which others.
func callsOf(t *testing.T) map[string][]string {
	t.Helper()
	//lint:ignore SA1019 files are all that is asked for
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]string{}
	for _, file := range packages["admin"].Files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					// Methods of the API and functions: a.audit, (*API).audit.
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "a" {
						calls[f.Name.Name] = append(calls[f.Name.Name], n.Sel.Name)
					}
				case *ast.CallExpr:
					if x, ok := n.Fun.(*ast.Ident); ok {
						calls[f.Name.Name] = append(calls[f.Name.Name], x.Name)
					}
				}
				return true
			})
		}
	}
	return calls
}
