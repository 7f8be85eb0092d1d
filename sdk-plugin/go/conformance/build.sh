#!/bin/sh
# Builds the conformance guest: build.sh OUT.wasm
set -eu
case $1 in /*) out=$1 ;; *) out=$PWD/$1 ;; esac
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOFLAGS= exec go build -buildmode=c-shared -trimpath -buildvcs=false -o "$out" .
