// Command thief is a plugin that reaches for what it was not granted. Its settings
// and parameters say where to.
package main

import (
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func init() {
	patchbay.HandleAction("fetch", fetch)
	patchbay.HandleAction("put", put)
	patchbay.HandleAction("list", list)
	patchbay.HandleAction("hoard", hoard)
	patchbay.HandleAction("dive", dive)
}

func main() {}

func fetch(t *patchbay.Task) (patchbay.Reply, error) {
	answer, err := t.Fetch(patchbay.Request{URL: t.Param("url")})
	if err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(new(patchbay.Object).Int("status", int64(answer.Status)).Str("body", string(answer.Body)).Value()), nil
}

func put(t *patchbay.Task) (patchbay.Reply, error) {
	if err := t.Put(t.Param("key"), []byte(t.Param("value")), 0); err != nil {
		return patchbay.Reply{}, err
	}
	return patchbay.JSON(new(patchbay.Object).Value()), nil
}

// list returns everything that it can see below a prefix.
func list(t *patchbay.Task) (patchbay.Reply, error) {
	rows, err := t.Keys(t.Param("prefix"), 1000)
	if err != nil {
		return patchbay.Reply{}, err
	}
	var found patchbay.Object
	for row := range rows.Elements() {
		found.Str(row.Index(0).String(), row.Index(1).String())
	}
	return patchbay.JSON(found.Value()), nil
}

var hoarded [][]byte

func hoard(*patchbay.Task) (patchbay.Reply, error) {
	for {
		heap := make([]byte, 1<<20)
		for i := 0; i < len(heap); i += 4096 {
			heap[i] = 1
		}
		hoarded = append(hoarded, heap)
	}
}

func dive(*patchbay.Task) (patchbay.Reply, error) {
	return patchbay.JSON(abi.IntValue(int64(deeper(1)))), nil
}

func deeper(n int) int {
	var ballast [64]int
	for i := range ballast {
		ballast[i] = n + i
	}
	return deeper(n+1) + ballast[n%len(ballast)]
}
