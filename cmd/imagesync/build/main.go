// Command build makes imagesync.zip, the Lambda function of cmd/imagesync, in the folder where it is run, or under the name
// that it is given. The same commit and the same Go make the same bytes.
package main

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pilotlight-dr/pilotlight/images"
)

// function is what Lambda runs on provided.al2023, under the name that it asks for.
const (
	function  = "github.com/pilotlight-dr/pilotlight/cmd/imagesync"
	bootstrap = "bootstrap"
)

func main() {
	to := images.Package
	if len(os.Args) > 1 {
		to = os.Args[1]
	}
	if err := build(to); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("built " + to)
}

func build(to string) error {
	scratch, err := os.MkdirTemp("", "imagesync")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // a folder of temporary files
	program := filepath.Join(scratch, bootstrap)
	// lambda.norpc leaves out what only the old runtime go1.x needed.
	compile := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, function)
	compile.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+images.GOARCH, "CGO_ENABLED=0")
	compile.Stdout, compile.Stderr = os.Stderr, os.Stderr
	if err := compile.Run(); err != nil {
		return fmt.Errorf("building %s: %w", function, err)
	}
	code, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	return pack(to, code)
}

// pack writes a zip file with the program alone. Its time is the earliest that a zip file can hold.
func pack(to string, program []byte) (err error) {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(file)
	header := &zip.FileHeader{Name: bootstrap, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	in, err := archive.CreateHeader(header)
	if err == nil {
		_, err = in.Write(program)
	}
	if err == nil {
		err = archive.Close()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
