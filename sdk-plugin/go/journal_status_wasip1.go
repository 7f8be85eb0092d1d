package patchbay

import (
	"unsafe"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

//go:wasmimport patchbay journal_receipt
func importJournalReceipt(task uint32, request unsafe.Pointer, size uint32)

//go:wasmimport patchbay journal_find
func importJournalFind(task uint32, request unsafe.Pointer, size uint32)

func opJournalReceipt() operation { return operation{abi.OpJournalReceipt, importJournalReceipt} }
func opJournalFind() operation    { return operation{abi.OpJournalFind, importJournalFind} }
