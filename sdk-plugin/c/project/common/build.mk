CLANG ?= clang

build/code.wasm: plugin.c $(wildcard sdk/*)
	@mkdir -p build
	$(CLANG) --target=wasm32-wasi -mexec-model=reactor -std=c11 -O2 -mbulk-memory -Wall -Wextra \
		-Wl,--stack-first -Wl,--strip-debug -o $@ plugin.c sdk/*.c
