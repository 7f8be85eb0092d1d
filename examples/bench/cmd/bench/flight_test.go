package main

import (
	"strings"
	"testing"
)

// TestJudgeFlight: memory and the other module are judged by size, and a peer that
// is not here is neither judged nor passed over in silence.
func TestJudgeFlight(t *testing.T) {
	b := &bench{}
	flyers := []*flyer{
		{&peer{id: native}, [][]float64{{100, 90, 110}, {300}}},
		{&peer{id: gateway}, [][]float64{{110}, {400}}},
		{&peer{id: nginxID, missing: "it is not installed"}, make([][]float64, 2)},
	}
	o := []others{{idle: []float64{1}, waiting: []float64{1.5}, whole: []float64{9}}, {idle: []float64{1}, waiting: []float64{2.5}, whole: []float64{9}}}
	sizes := []int{1000, 9850}
	b.judgeFlight(flyers, sizes, o)
	text := table(b.figures)
	if strings.Count(text, "MISS") != 2 || strings.Count(text, "ok") != 2 || strings.Contains(text, "nginx") {
		t.Errorf("judged:\n%s", text)
	}
	for i := range b.figures {
		if f := &b.figures[i]; f.ok() != strings.Contains(f.name, "1000") {
			t.Errorf("%s: met %t", f.name, f.ok())
		}
	}
	if shown := flightTable(flyers, sizes, []int64{1000, 9000}, o); strings.Count(shown, "not measured") != 2 {
		t.Errorf("table:\n%s", shown)
	}
}
