module github.com/patchbay-gw/patchbay/sdk-plugin/go

go 1.26
