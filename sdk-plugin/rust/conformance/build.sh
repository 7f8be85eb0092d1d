#!/bin/sh
# Builds the conformance guest: build.sh OUT.wasm
set -eu
case $1 in /*) out=$1 ;; *) out=$PWD/$1 ;; esac
cd "$(dirname "$0")"
exec ../build.sh "$out" src/lib.rs
