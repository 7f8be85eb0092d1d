build/code.wasm: $(wildcard *.go) go.mod $(shell find sdk -name '*.go')
	@mkdir -p build
	GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -buildmode=c-shared -trimpath -buildvcs=false -o $@ .
