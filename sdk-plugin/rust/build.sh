#!/bin/sh
# Builds a plugin with rustc alone: build.sh OUT.wasm SOURCE.rs
# RUSTC and TARGET choose a toolchain; without them the first that has a WASI target.
set -eu
out=$1
source=$2
sdk=$(dirname "$0")
[ -f "$sdk/lib.rs" ] || sdk=$sdk/src

for rustc in ${RUSTC:-rustc /usr/bin/rustc}; do
	for target in ${TARGET:-wasm32-wasip1 wasm32-wasi}; do
		libs=$("$rustc" --print target-libdir --target "$target" 2>/dev/null) || continue
		set -- "$libs"/libstd-*.rlib
		[ -e "$1" ] && break 2
	done
	target=
done
if [ -z "$target" ]; then
	echo "build.sh: no rustc with a WASI target; on Debian: apt install rustc libstd-rust-dev-wasm32, with rustup: rustup target add wasm32-wasip1" >&2
	exit 1
fi

# Paths of this machine stay out of the file, so equal sources give equal bytes.
here=$(pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
set -- --edition 2021 --target "$target" -C opt-level=3 -C target-feature=+bulk-memory \
	-C codegen-units=1 -C panic=abort \
	--remap-path-prefix "$here=." --remap-path-prefix "$build=." --remap-path-prefix "$sdk=sdk"
"$rustc" "$@" --crate-name patchbay --crate-type rlib -C embed-bitcode=yes --out-dir "$build" "$sdk/lib.rs"
"$rustc" "$@" --crate-name plugin --crate-type cdylib -C lto=fat -C strip=debuginfo \
	--extern "patchbay=$build/libpatchbay.rlib" -o "$build/plugin.wasm" "$source"
mkdir -p "$(dirname "$out")"
mv "$build/plugin.wasm" "$out"
