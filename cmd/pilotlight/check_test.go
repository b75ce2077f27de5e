package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
)

// TestIncreasesAreTold: check ends with what it asked AWS for.
func TestIncreasesAreTold(t *testing.T) {
	t.Parallel()
	text := readyText(ops.Readiness{For: ops.ForFailover, Stack: "dr", Increases: []checks.Increase{
		{Quota: "Elastic IP addresses", Service: "ec2", Code: "L-0263D0A3", Region: "us-east-2", Desired: 6, Status: "PENDING"},
	}})
	assert.Contains(t, text, "\n\nasked for 6 Elastic IP addresses in us-east-2 (quota L-0263D0A3 of ec2): PENDING\n")
	assert.NotNil(t, newCheckCmd(nil, nil).Flags().Lookup("request-increases"))
}
