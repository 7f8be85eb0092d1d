// Command guest is compiled for wasip1 by the tests of the meter: work of the kinds that plugins do, with results that
// depend on every step, and a few ways to misbehave.
package main

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

func main() {}

// hot is a tight loop of arithmetic.
//
//go:wasmexport hot
func hot(n int64) int64 {
	x := uint64(n)
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return int64(x)
}

// parse reads a JSON-like text n times into maps and adds up what it finds.
//
//go:wasmexport parse
func parse(n int64) int64 {
	text := document(40)
	sum := int64(0)
	for i := range n {
		v, rest := value(text)
		if rest != "" {
			return -1
		}
		sum = sum*31 + weigh(v) + i
	}
	return sum
}

// sorting sorts n numbers and n strings in several ways.
//
//go:wasmexport sorting
func sorting(n int64) int64 {
	numbers := make([]int64, n)
	x := uint64(88172645463325252)
	for i := range numbers {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		numbers[i] = int64(x)
	}
	words := make([]string, n)
	for i, v := range numbers {
		words[i] = strconv.FormatInt(v, 36)
	}
	slices.Sort(numbers)
	sort.Strings(words)
	sort.Slice(words, func(i, j int) bool { return len(words[i]) < len(words[j]) })
	sum := int64(0)
	for i, w := range words {
		sum = sum*31 + numbers[i] + int64(len(w)) + int64(w[0])
	}
	return sum
}

// garbage makes garbage, so that the guest's own collector runs.
//
//go:wasmexport garbage
func garbage(n int64) int64 {
	sum := int64(0)
	var keep [16][]byte
	for i := range n {
		b := make([]byte, 1000+i%5000)
		b[i%1000] = byte(i)
		keep[i%16] = append(b, keep[(i+7)%16]...)[:100+i%900]
		for _, k := range keep {
			if len(k) > 10 {
				sum += int64(k[i%10])
			}
		}
	}
	return sum
}

//go:wasmexport spin
func spin(n int64) int64 {
	for {
		n++
		if n == -1 {
			return n
		}
	}
}

var depth int64

//go:wasmexport recurse
func recurse(n int64) int64 {
	depth++
	return recurse(n+1) + recurse(n+2) + depth
}

func document(items int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"id":` + strconv.Itoa(i*7919) + `,"name":"client \"` + strconv.Itoa(i) + `\"","tags":["a","bb","ccc"],"on":true,"next":null}`)
	}
	b.WriteByte(']')
	return b.String()
}

func value(s string) (any, string) {
	switch s[0] {
	case '{':
		m := map[string]any{}
		for s = s[1:]; s[0] != '}'; s = strings.TrimPrefix(s, ",") {
			var k, v any
			k, s = value(s)
			v, s = value(s[1:])
			m[k.(string)] = v
		}
		return m, s[1:]
	case '[':
		var list []any
		for s = s[1:]; s[0] != ']'; s = strings.TrimPrefix(s, ",") {
			var v any
			v, s = value(s)
			list = append(list, v)
		}
		return list, s[1:]
	case '"':
		var b []byte
		i := 1
		for ; s[i] != '"'; i++ {
			if s[i] == '\\' {
				i++
			}
			b = append(b, s[i])
		}
		return string(b), s[i+1:]
	case 't':
		return true, s[4:]
	case 'n':
		return nil, s[4:]
	}
	end := strings.IndexAny(s, ",]}")
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		panic(err)
	}
	return n, s[end:]
}

func weigh(v any) int64 {
	switch v := v.(type) {
	case map[string]any:
		sum := int64(0)
		for k, e := range v { // order differs, the sum does not
			sum += int64(len(k)) * weigh(e)
		}
		return sum
	case []any:
		sum := int64(1)
		for _, e := range v {
			sum = sum*3 + weigh(e)
		}
		return sum
	case string:
		return int64(len(v))
	case int64:
		return v
	case bool:
		return 1
	}
	return 0
}
