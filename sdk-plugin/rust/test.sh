#!/bin/sh
# Tests of the Rust SDK, offline: natively with each rustc that is there, and the
# example in the documentation; then whether the guests build.
# Debian: apt install rustc libstd-rust-dev-wasm32
set -eu
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

seen=
for rustc in ${RUSTC:-/usr/bin/rustc rustc}; do
	version=$("$rustc" --version 2>/dev/null) || continue
	case $seen in *"$version;"*) continue ;; esac
	seen="$seen$version;"
	echo "$version"
	"$rustc" --edition 2021 -D warnings -C opt-level=1 -C debug-assertions=on -C overflow-checks=on \
		--crate-name patchbay --crate-type rlib --out-dir "$build" src/lib.rs
	for test in tests/*.rs; do
		name=$(basename "$test" .rs)
		"$rustc" --edition 2021 -D warnings -C opt-level=1 -C debug-assertions=on -C overflow-checks=on \
			--test --extern patchbay="$build/libpatchbay.rlib" -o "$build/$name" "$test"
		if ! "$build/$name" >"$build/$name.txt" 2>&1; then
			cat "$build/$name.txt"
			exit 1
		fi
		sed -n "s/^test result:/$name:/p" "$build/$name.txt"
	done
	for template in project/*/src/lib.rs.tmpl; do
		name=$(basename "${template%/src/*}")
		sed "s/{{.ID}}/acme/; s/{{.Title}}/Acme/; s/{{.Point}}/$name/" "$template" >"$build/$name.rs"
		"$rustc" --edition 2021 -D warnings --crate-name project --crate-type rlib --extern patchbay="$build/libpatchbay.rlib" \
			--out-dir "$build" "$build/$name.rs"
		echo "template of $name: compiles"
	done
	rustdoc=$(dirname "$(command -v "$rustc")")/rustdoc
	if [ -x "$rustdoc" ]; then
		"$rustdoc" --edition 2021 --test --test-args --quiet --crate-name patchbay --extern patchbay="$build/libpatchbay.rlib" \
			src/lib.rs | sed -n "s/^test result:/documentation:/p" >"$build/doc.txt"
		cat "$build/doc.txt"
		grep -q ": ok" "$build/doc.txt"
	fi
done
[ -n "$seen" ] || { echo "test.sh: no rustc; on Debian: apt install rustc libstd-rust-dev-wasm32" >&2; exit 1; }

conformance/build.sh "$build/conformance.wasm"
echo "conformance guest: $(wc -c <"$build/conformance.wasm") bytes"
