#!/bin/sh
# Tests of the AssemblyScript SDK that need no gateway: the golden vectors, bad input,
# tasks, and that every guest compiles. Needs node 18 or later; the pinned compiler is
# installed with npm when it is not there yet, everything else is offline.
set -eu
cd "$(dirname "$0")"
[ -x node_modules/.bin/asc ] || npm ci --no-audit --no-fund >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node_modules/.bin/asc test/guest.ts --config asconfig.json --outFile "$work/guest.wasm"
GUEST="$work/guest.wasm" VECTORS=../abi/vectors.json node --test test/*.test.mjs >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
conformance/build.sh "$work/conformance.wasm"

# Every new project compiles, and imports only what it uses.
cp -r sdk asconfig.json "$work"
for source in project/*/plugin.ts.tmpl; do
	sed 's/{{\.Title}}/Acme/g' "$source" >"$work/plugin.ts"
	(cd "$work" && "$OLDPWD/node_modules/.bin/asc" plugin.ts --outFile code.wasm)
	if grep -aq -e kv_ -e journal_ -e freeswitch_ "$work/code.wasm"; then
		echo "$source: imports operations that it never uses" >&2
		exit 1
	fi
done
cmp asconfig.json project/common/asconfig.json
echo "sdk-plugin/assemblyscript: ok"
