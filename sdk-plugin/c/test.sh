#!/bin/sh
# Tests of the C SDK that need no gateway: the golden vectors, bad input, tasks and
# fuzzing under AddressSanitizer and UBSan, and that every guest compiles.
# Debian: apt install gcc clang lld wasi-libc libclang-rt-14-dev-wasm32
# FUZZ=1000000 fuzzes longer.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

strict="-std=c11 -Wall -Wextra -Wshadow -Wno-maybe-uninitialized -Werror"
"${CC:-gcc}" $strict -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	sdk/*.c test/*.c -o "$work/test"
"$work/test" ../abi/vectors.json "${FUZZ:-20000}"

conformance/build.sh "$work/conformance.wasm"
mkdir "$work/sdk"
cp sdk/* "$work/sdk"
for source in project/*/plugin.c.tmpl; do
	sed 's/{{\.Title}}/Acme/g' "$source" >"$work/plugin.c"
	(cd "$work" && cp "$OLDPWD/project/common/build.mk" . && make -s -B -f build.mk build/code.wasm)
	if grep -aq -e kv_ -e journal_ -e freeswitch_ "$work/build/code.wasm"; then
		echo "$source: imports operations that it never uses" >&2
		exit 1
	fi
done
echo "sdk-plugin/c: ok"
