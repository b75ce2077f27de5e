package ops_test

import (
	"testing"

	"github.com/pilotlight-dr/pilotlight/test/staged"
)

func TestMain(m *testing.M) { staged.Main(m) }
