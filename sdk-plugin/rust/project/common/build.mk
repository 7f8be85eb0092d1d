# rustc alone is enough, cargo is not needed; RUSTC and TARGET choose a toolchain.
build/code.wasm: $(shell find src sdk -name '*.rs') sdk/build.sh
	@mkdir -p build
	sh sdk/build.sh $@ src/lib.rs
