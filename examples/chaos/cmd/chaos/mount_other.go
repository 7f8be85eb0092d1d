//go:build !linux

package main

import "errors"

func smallDisk(string, int) (unmount func() error, err error) {
	return nil, errors.New("small file systems are mounted on Linux only")
}

func takeAll(string) error { return errors.New("there is no small file system") }
