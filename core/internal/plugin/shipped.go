package plugin

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Beside returns nil when a folder is the folder "plugins" beside the gateway's
// own binary and whoever may write there may also replace the binary. Trusting its
// files is then no more than trusting the gateway. Otherwise it says why not.
func Beside(folder, binary string) error {
	binary, err := filepath.EvalSymlinks(binary)
	if err != nil {
		return fmt.Errorf("the gateway's binary: %w", err)
	}
	folder, err = filepath.EvalSymlinks(folder)
	if err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	home := filepath.Dir(binary)
	if folder != filepath.Join(home, "plugins") {
		return fmt.Errorf("%s is not the folder plugins beside %s", folder, binary)
	}
	around, err := os.Stat(home)
	if err != nil {
		return fmt.Errorf("the gateway's folder: %w", err)
	}
	inside, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	return guarded(folder, inside, around)
}

// guardedFile is [Beside] for a file of the folder.
func guardedFile(path, binary string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("plugin file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is a link", path)
	}
	if binary, err = filepath.EvalSymlinks(binary); err != nil {
		return fmt.Errorf("the gateway's binary: %w", err)
	}
	around, err := os.Stat(filepath.Dir(binary))
	if err != nil {
		return fmt.Errorf("the gateway's folder: %w", err)
	}
	return guarded(path, info, around)
}

// guarded refuses what more people may write to than to the folder of the binary.
func guarded(path string, info, home fs.FileInfo) error {
	const others = 0o022
	if more := info.Mode().Perm() & others &^ home.Mode().Perm(); more != 0 {
		return fmt.Errorf("%s can be written by more people than the folder of the gateway's binary (mode %s)", path, info.Mode().Perm())
	}
	if theirs, ours, known := owners(info, home); known && theirs != ours && theirs != 0 {
		return fmt.Errorf("%s belongs to another user than the folder of the gateway's binary", path)
	}
	return nil
}
