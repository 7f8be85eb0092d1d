# An asc in the PATH, or the one that npm installs here; ASC=… names another.
ASC ?= $(or $(shell command -v asc),node_modules/.bin/asc)

build/code.wasm: plugin.ts asconfig.json $(wildcard sdk/*.ts sdk/abi/*.ts) $(filter node_modules/.bin/asc,$(ASC))
	@mkdir -p build
	$(ASC) plugin.ts --outFile $@

node_modules/.bin/asc: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@
