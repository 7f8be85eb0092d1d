//go:build !wasip1

package patchbay

import "github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"

func opJournalReceipt() operation { return operation{abi.OpJournalReceipt} }
func opJournalFind() operation    { return operation{abi.OpJournalFind} }
