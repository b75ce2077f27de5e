package test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/pilotlight-dr/pilotlight/deploy/engine"
)

// engineRoot is the folder whose bin/pulumi runs the tests.
var engineRoot string

// TestMain finds the engine before the tests' own time begins: a machine that
// has none builds it, which takes minutes.
func TestMain(m *testing.M) {
	var err error
	if engineRoot, err = engine.Find(context.Background(), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
