package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

// TestCost makes the bill of a site that was just described, and that of a change of its files.
func TestCost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := initWith(t, runInit, enough(dir)...)
	require.NoError(t, err)
	out, _, code := command(t, realAWS, dir, "cost --json")
	require.Zero(t, code, out)
	var bill ops.Bill
	require.NoError(t, json.Unmarshal([]byte(out), &bill))
	assert.Positive(t, bill.Month)
	base := filepath.Join(t.TempDir(), "base.json")
	require.NoError(t, os.WriteFile(base, []byte(out), 0o600))
	out, _, code = command(t, realAWS, dir, "cost --base "+base)
	assert.Zero(t, code)
	assert.Contains(t, out, "This costs what the base branch does.\n")

	require.NoError(t, edit(filepath.Join(dir, "Pulumi.dr.yaml"), "config:\n", "config:\n  pilotlight:keepWarm: [nat]\n"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cost.yaml"), []byte("prices: [{region: us-east-2, item: nat-gateway, price: 365, per: year}, {region: us-east-2, item: ipv4, price: 0}]\n"), 0o600))
	out, _, code = command(t, realAWS, dir, "cost --base "+base)
	assert.Zero(t, code)
	assert.Contains(t, out, "This costs +30.42 USD a month, +365.00 a year against the base branch.\n  dr: nat                                          0.00 ->        30.42 a month\n")
	assert.Contains(t, out, "nat, kept and in the sum                  30.42       365.00")
	out, _, code = command(t, realAWS, dir, "cost --markdown --base "+base)
	assert.Zero(t, code)
	assert.Contains(t, out, "| USD a month | base branch | here |\n|---|---:|---:|\n| dr: nat | 0.00 | 30.42 |\n")
	assert.Contains(t, out, "<details><summary>The bill</summary>\n\n```\nCost of ")

	for line, want := range map[string]int{"cost --base " + base + "x": 2, "cost --base " + filepath.Join(dir, "Pulumi.yaml"): 2, "cost now": 2} {
		_, complaint, code := command(t, realAWS, dir, line)
		assert.Equal(t, want, code, "%s: %s", line, complaint)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cost.yaml"), []byte("mediaGB: 1\n"), 0o600))
	_, complaint, code := command(t, realAWS, dir, "cost")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, complaint, "field mediaGB not found")
}

// TestDocumentedCost compares the sums in docs/cost.md, and in README.md, with the bill of the sample, before support of MySQL ends.
func TestDocumentedCost(t *testing.T) {
	t.Parallel()
	before := func(context.Context) (ops.Options, error) {
		return ops.Options{Env: failover.Env{Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }}}, nil
	}
	bill, complaint, code := command(t, before, "../..", "cost")
	require.Zero(t, code, complaint)
	page, err := os.ReadFile("../../docs/cost.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "$ pilotlight cost\n")
	require.True(t, found)
	shown, _, _ := strings.Cut(after, "```")
	for line := range strings.Lines(shown) {
		assert.True(t, line == "…\n" || strings.Contains(bill, line), line)
	}
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	unverified := regexp.MustCompile(`\d+ of these prices are from memory`).FindString(bill)
	require.NotEmpty(t, unverified)
	for _, said := range []string{"126 USD\na month beside 499 for production", strings.ReplaceAll(unverified, "these prices are", "them")} {
		assert.Contains(t, string(readme), said)
	}
}

// TestCostLive asks a simulated AWS, and says what to do where there is none.
func TestCostLive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := initWith(t, runInit, enough(dir)...)
	require.NoError(t, err)
	face := wire.NewFace(sim.New(1))
	t.Cleanup(face.Close)
	worldOf := func(answers bool) connect {
		return func(context.Context) (ops.Options, error) {
			return ops.Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
				if !answers {
					region = "us-west-2" // where there is no such API
				}
				return face.Config(region), nil
			}}}, nil
		}
	}
	out, complaint, code := command(t, worldOf(true), dir, "cost --live")
	assert.Zero(t, code, complaint)
	assert.Regexp(t, `prices +on demand, as AWS's Price List API says on 20`, out)
	assert.NotContains(t, out, "unverified")
	assert.NotContains(t, out, "not priced")

	_, complaint, code = command(t, worldOf(false), dir, "cost --live")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, complaint, "(docs/policies/cost.json), or leave out --live")
}
