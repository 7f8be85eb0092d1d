package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// The part of CycloneDX 1.6 that is written; the names are the standard's.
type (
	cdxBOM struct {
		Schema       string          `json:"$schema"`
		Format       string          `json:"bomFormat"`
		Spec         string          `json:"specVersion"`
		Serial       string          `json:"serialNumber"`
		Version      int             `json:"version"`
		Metadata     cdxMetadata     `json:"metadata"`
		Components   []cdxComponent  `json:"components"`
		Dependencies []cdxDependency `json:"dependencies"`
	}
	cdxMetadata struct {
		Timestamp string       `json:"timestamp"`
		Component cdxComponent `json:"component"`
	}
	cdxComponent struct {
		Type       string        `json:"type"`
		Ref        string        `json:"bom-ref"`
		Name       string        `json:"name"`
		Version    string        `json:"version"`
		Hashes     []cdxHash     `json:"hashes,omitempty"`
		Licenses   []cdxLicense  `json:"licenses,omitempty"`
		PURL       string        `json:"purl"`
		Properties []cdxProperty `json:"properties,omitempty"`
	}
	cdxHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	cdxLicense struct {
		Expression string `json:"expression"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxDependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

// ownLicense is the licence of the repository.
const ownLicense = "Apache-2.0"

// cyclonedx renders the bill of materials. Its serial number is made of its contents: the
// same release has the same one.
func cyclonedx(version string, at time.Time, parts []part) ([]byte, error) {
	root := "pkg:golang/github.com/patchbay-gw/patchbay@" + version
	bom := cdxBOM{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata: cdxMetadata{
			Timestamp: at.Format(time.RFC3339),
			Component: cdxComponent{Type: "application", Ref: root, Name: "patchbay", Version: version, PURL: root, Licenses: []cdxLicense{{ownLicense}}},
		},
		Components: []cdxComponent{},
	}
	all := cdxDependency{Ref: root}
	for _, p := range parts {
		c := cdxComponent{Type: p.kind, Ref: p.purl, Name: p.name, Version: p.version, PURL: p.purl, Licenses: []cdxLicense{{p.license}}}
		if p.hash != "" {
			c.Hashes = []cdxHash{{p.algo, p.hash}}
		}
		if p.sum != "" { // a hash of hashes of files: not the hash of any file that CycloneDX means
			c.Properties = []cdxProperty{{"patchbay:go.sum", p.sum}}
		}
		bom.Components = append(bom.Components, c)
		all.DependsOn = append(all.DependsOn, p.purl)
	}
	bom.Dependencies = []cdxDependency{all}
	bare, err := json.Marshal(bom)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(bare)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562, version 8
	bom.Serial = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
	text, err := json.MarshalIndent(bom, "", "  ")
	return append(text, '\n'), err
}
