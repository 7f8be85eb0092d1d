package sms_test

import (
	"math"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func TestAmount(t *testing.T) {
	for want, v := range map[string]abi.Value{
		"0": abi.IntValue(0), "-15": abi.IntValue(-15), "1234.56": abi.AppendFloat(nil, 1234.56), "100": abi.AppendFloat(nil, 100),
		"0.00": abi.StringValue("0.00"), "-3.5": abi.StringValue("-3.5"), "9876543210.123456": abi.StringValue("9876543210.123456"),
	} {
		if got, ok := sms.Amount(v); !ok || got != want {
			t.Errorf("Amount = %q, %v, want %q", got, ok, want)
		}
	}
	for _, v := range []abi.Value{
		nil, abi.AppendNil(nil), abi.BoolValue(true), abi.AppendFloat(nil, math.NaN()), abi.AppendFloat(nil, math.Inf(1)), abi.AppendFloat(nil, 1e300),
		abi.StringValue(""), abi.StringValue("-"), abi.StringValue("."), abi.StringValue("5."), abi.StringValue(".5"), abi.StringValue("1.2.3"),
		abi.StringValue("1e3"), abi.StringValue("NaN"), abi.StringValue("0x10"), abi.StringValue("1,5"), abi.StringValue("5 RUB"), abi.StringValue("--5"),
		abi.StringValue("5-"), abi.StringValue("-.5"), new(abi.List).Add(abi.IntValue(5)).Value(), new(abi.Object).Int("x", 5).Value(),
	} {
		if got, ok := sms.Amount(v); ok {
			t.Errorf("Amount(%x) = %q", []byte(v), got)
		}
	}
}
