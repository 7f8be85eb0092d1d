#!/bin/sh
# usage: build.sh OUT.wasm
# Compiles the conformance guest. Needs node 18 or later; installs the pinned compiler
# with npm when it is not there yet.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $1 in
/*) out=$1 ;;
*) out=$PWD/$1 ;;
esac
cd "$here/.."
[ -x node_modules/.bin/asc ] || npm ci --no-audit --no-fund >&2
exec node_modules/.bin/asc conformance/plugin.ts --config asconfig.json --outFile "$out"
