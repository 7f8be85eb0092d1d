package cdr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// parseJSON reads a document of mod_json_cdr into the tree that mod_xml_cdr would have written for the call, as far as it has
// the data (a callflow's unique-id and the callee's names are missing in it).
func parseJSON(raw []byte) (*Node, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') {
		return nil, errors.New("not well-formed: not an object")
	}
	root := &Node{Name: "cdr"}
	r := treeReader{d: d}
	if err := r.value(first, root, 0); err != nil {
		return nil, fmt.Errorf("not well-formed: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not well-formed: something follows the object")
	}
	likeXML(root)
	return root, nil
}

type treeReader struct {
	d     *json.Decoder
	nodes int
}

// value reads one value that starts with t into n: an object becomes children, anything else text.
func (r *treeReader) value(t json.Token, n *Node, depth int) error {
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		return fmt.Errorf("over %d values, or deeper than %d", maxNodes, maxDepth)
	}
	switch t := t.(type) {
	case string:
		n.Text = t
	case json.Number:
		n.Text = t.String()
		if f, err := t.Float64(); err == nil && strings.ContainsAny(n.Text, ".eE") {
			n.Text = strconv.FormatFloat(f, 'f', -1, 64) // it was a double before it was printed with 17 digits
		}
	case bool:
		n.Text = strconv.FormatBool(t)
	case json.Delim:
		if t != '{' {
			return errors.New("an array in an unexpected place")
		}
		for r.d.More() {
			key, err := r.d.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			if err := r.member(n, name, depth+1); err != nil {
				return err
			}
		}
		_, err := r.d.Token()
		return err
	}
	return nil
}

// member reads the value of a key; an array repeats the element.
func (r *treeReader) member(parent *Node, name string, depth int) error {
	t, err := r.d.Token()
	if err != nil {
		return err
	}
	add := func(t json.Token) error {
		child := &Node{Name: name}
		parent.Children = append(parent.Children, child)
		return r.value(t, child, depth)
	}
	if t != json.Delim('[') {
		return add(t)
	}
	for r.d.More() {
		if t, err = r.d.Token(); err != nil {
			return err
		}
		if err := add(t); err != nil {
			return err
		}
	}
	_, err = r.d.Token()
	return err
}

// likeXML gives the tree the names and attributes of mod_xml_cdr.
func likeXML(root *Node) {
	toAttrs(root, "core-uuid", "switchname")
	for _, n := range root.Children {
		switch n.Name {
		case "callStats":
			n.Name = "call-stats"
		case "variables":
			likeXMLVariables(n)
		case "app_log":
			applications(n)
		case "callflow":
			toAttrs(n, "dialplan", "unique-id", "clone-of", "profile_index")
			for _, c := range n.Children {
				switch c.Name {
				case "extension":
					toAttrs(c, "name", "number", "current_app")
					applications(c)
				case "caller_profile":
					for _, o := range c.Children {
						for _, p := range o.Children { // originator_caller_profiles and its like
							if strings.HasSuffix(p.Name, "_caller_profiles") {
								p.Name = strings.TrimSuffix(p.Name, "s")
							}
						}
					}
				}
			}
		}
	}
}

// applications turns "applications":[{"app_name":…}] into repeated <application app_name="…"/>.
func applications(n *Node) {
	for _, a := range n.Children {
		if a.Name == "applications" {
			a.Name = "application"
			toAttrs(a, "app_name", "app_data", "app_stamp", "last_executed")
		}
	}
}

// toAttrs moves children with these names to the attributes, in this order.
func toAttrs(n *Node, names ...string) {
	for _, name := range names {
		for i, c := range n.Children {
			if c.Name == name && len(c.Children) == 0 {
				n.Attrs = append(n.Attrs, Attr{name, c.Text})
				n.Children = append(n.Children[:i:i], n.Children[i+1:]...)
				break
			}
		}
	}
}

// likeXMLVariables decodes the values unless the record was written with encode-values=false, and splits the array notation of
// variables that were set more than once.
func likeXMLVariables(vars *Node) {
	encoded := true
	for _, v := range vars.Children {
		// FreeSWITCH always encodes these bytes; a real record has many of them.
		if strings.ContainsAny(v.Text, " \"#&+:;<=>?@[\\]^`{|}\r\n") {
			encoded = false
			break
		}
	}
	var out []*Node
	for _, v := range vars.Children {
		if encoded {
			v.Text = percent.Decode(v.Text)
		}
		if list, ok := strings.CutPrefix(v.Text, "ARRAY::"); ok {
			for _, item := range strings.SplitN(list, "|:", maxNodes) {
				out = append(out, &Node{Name: v.Name, Text: item})
			}
			continue
		}
		out = append(out, v)
	}
	vars.Children = out
}
