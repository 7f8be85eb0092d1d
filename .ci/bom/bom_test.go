package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLockFileReachesWhatIsShipped(t *testing.T) {
	lock := lockFile{LockfileVersion: 3, Packages: map[string]lockPackage{
		"": {Dependencies: map[string]string{"a": "1", "@s/b": "1"}},
		"node_modules/a": {Dependencies: map[string]string{"c": "2"}, Peers: map[string]string{"d": "1", "tool": "1"}, PeersMeta: map[string]struct {
			Optional bool `json:"optional"`
		}{"tool": {true}}},
		"node_modules/a/node_modules/c": {Dependencies: map[string]string{"@s/b": "1"}},
		"node_modules/c":                {},                                          // another version, of a tool
		"node_modules/@s/b":             {Dependencies: map[string]string{"a": "1"}}, // a circle
		"node_modules/d":                {},
		"node_modules/tool":             {Dependencies: map[string]string{"c": "1"}},
	}}
	got, err := lock.reach()
	want := []string{"node_modules/@s/b", "node_modules/a", "node_modules/a/node_modules/c", "node_modules/d"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	delete(lock.Packages, "node_modules/d")
	if _, err := lock.reach(); err == nil || !strings.Contains(err.Error(), "d, which is not locked") {
		t.Errorf("a missing package: %v", err)
	}
	if _, err := (lockFile{}).reach(); err == nil {
		t.Error("an empty lock file was accepted")
	}
}

func TestNPMPartRefusesWhatNobodyHasRead(t *testing.T) {
	good := lockPackage{Version: "1.2.3", License: "MIT", Integrity: "sha512-AAEC"}
	p, err := npmPart("@scope/name", good)
	if err != nil || p.purl != "pkg:npm/%40scope/name@1.2.3" || p.hash != "000102" || p.algo != "SHA-512" {
		t.Errorf("got %+v, %v", p, err)
	}
	for name, spoil := range map[string]func(*lockPackage){
		"licence":     func(p *lockPackage) { p.License = "AGPL-3.0" },
		"no licence":  func(p *lockPackage) { p.License = "" },
		"sha1":        func(p *lockPackage) { p.Integrity = "sha1-AAEC" },
		"bad base64":  func(p *lockPackage) { p.Integrity = "sha512-*" },
		"no checksum": func(p *lockPackage) { p.Integrity = "" },
	} {
		bad := good
		spoil(&bad)
		if _, err := npmPart("x", bad); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestIdentify(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004":                                                                              "Apache-2.0",
		"Mozilla Public License, version 2.0":                                                                                       "MPL-2.0",
		"Redistribution and use in source and\nbinary forms … Neither the name of Google":                                           "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with or without":                                                        "BSD-2-Clause",
		"Permission is hereby granted, free of\n charge, … The above copyright notice and this permission notice shall be included": "MIT",
	} {
		if got, err := identify(text); got != want || err != nil {
			t.Errorf("%.30q: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GNU AFFERO GENERAL PUBLIC LICENSE", "All rights reserved."} {
		if got, err := identify(text); !errors.Is(err, errLicense) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func TestBillOfMaterials(t *testing.T) {
	parts := []part{
		{kind: "library", name: "m", version: "v1", purl: "pkg:golang/m@v1", sum: "h1:x=", license: "MIT", text: "the text"},
		{kind: "application", name: "p", version: "1", purl: "pkg:generic/p@1", algo: "SHA-256", hash: "00", license: ownLicense, ours: true},
	}
	at := time.Unix(1_700_000_000, 0).UTC()
	text, err := cyclonedx("v1.0", at, parts)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := cyclonedx("v1.0", at, parts)
	other, _ := cyclonedx("v1.1", at, parts)
	var a, b cdxBOM
	if err := errors.Join(json.Unmarshal(text, &a), json.Unmarshal(other, &b)); err != nil {
		t.Fatal(err)
	}
	// The pattern is the one of the CycloneDX 1.6 schema.
	if !bytes.Equal(text, again) || a.Serial == b.Serial || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`).MatchString(a.Serial) {
		t.Errorf("serial numbers %q and %q", a.Serial, b.Serial)
	}
	if len(a.Components) != 2 || !slices.Equal(a.Dependencies[0].DependsOn, []string{"pkg:golang/m@v1", "pkg:generic/p@1"}) ||
		a.Components[0].Properties[0].Value != "h1:x=" || a.Components[1].Hashes[0].Content != "00" || a.Metadata.Timestamp != "2023-11-14T22:13:20Z" {
		t.Errorf("got %s", text)
	}
	if list := licenseList(parts); !strings.Contains(list, "the text") || strings.Contains(list, "\np 1") {
		t.Errorf("got %s", list)
	}
}

func TestLicenseFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"LICENSE.txt": "a\r\nb\n", "NOTICE": "c", "license.go": "package x", "README": "d"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := licenseFiles(dir)
	if got != "a\nb\n\nc" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := licenseFiles(filepath.Join(dir, "gone")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestArguments(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(nil, &stderr); code != 1 || !strings.Contains(stderr.String(), "must be given") {
		t.Errorf("code %d, %s", code, stderr.String())
	}
	if code := run([]string{"--nonsense"}, &stderr); code != 2 {
		t.Errorf("code %d", code)
	}
}
