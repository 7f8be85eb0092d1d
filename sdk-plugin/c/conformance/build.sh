#!/bin/sh
# usage: build.sh OUT.wasm
# Compiles the conformance guest. Needs clang, lld, wasi-libc and
# libclang-rt-14-dev-wasm32 (Debian); CLANG names another clang.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
exec "${CLANG:-clang}" --target=wasm32-wasi -mexec-model=reactor -std=c11 -O2 -mbulk-memory -Wall -Wextra -Werror \
	-Wl,--stack-first -Wl,--strip-debug -I "$here/../sdk" -o "$out" "$here/plugin.c" "$here"/../sdk/*.c
