package components

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func userData() UserDataArgs {
	return UserDataArgs{
		Region: "us-west-2", ParameterPath: "/blog/dr",
		SecretARN: "arn:aws:secretsmanager:us-west-2:123456789012:secret:blog-dr-application-1234567-AbCdEf",
		Bucket:    "blog-dr-media-1234567", Network: "10.0.0.0/16", PeerRegion: "us-east-2", PeerParameterPath: "/blog/prod",
	}
}

// The first lines are for others to read: the simulator learns from them what an
// instance would ask for.
func TestUserDataBeginsWithItsArguments(t *testing.T) {
	script, err := UserData(userData())
	require.NoError(t, err)
	assert.Equal(t, []string{
		"#!/bin/bash",
		"REGION='us-west-2'",
		"PARAMETERS='/blog/dr'",
		"SECRET='arn:aws:secretsmanager:us-west-2:123456789012:secret:blog-dr-application-1234567-AbCdEf'",
		"BUCKET='blog-dr-media-1234567'",
		"NETWORK='10.0.0.0/16'",
		"PEER_REGION='us-east-2'",
		"PEER_PARAMETERS='/blog/prod'",
	}, strings.Split(script, "\n")[:8])
}

func TestUserDataRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*UserDataArgs)
		want  string
	}{
		"nothing to read": {func(a *UserDataArgs) { a.ParameterPath = "" }, "user data: the parameter path is empty"},
		"a quote":         {func(a *UserDataArgs) { a.Bucket = "a'; rm -rf /" }, `user data: the bucket "a'; rm -rf /" has a character that a script could take for its own`},
		"a line":          {func(a *UserDataArgs) { a.Region = "x\ny" }, `user data: the region "x\ny" has a character that a script could take for its own`},
		"half a peer":     {func(a *UserDataArgs) { a.PeerRegion = "" }, "user data: the peer's region and its parameter path go together"},
		"more than EC2 takes": {func(a *UserDataArgs) { a.Bucket = noise(userDataLimit) },
			"bytes, and EC2 takes 16384: shorten the names in it"},
	} {
		t.Run(name, func(t *testing.T) {
			args := userData()
			tc.spoil(&args)
			_, err := UserData(args)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestUserDataLeavesRoomForLongNames(t *testing.T) {
	args := userData()
	args.Bucket, args.ParameterPath = strings.Repeat("b", 63), "/"+strings.Repeat("s", 20)+"/"+strings.Repeat("s", 20)
	args.PeerParameterPath = args.ParameterPath
	script, err := UserData(args)
	require.NoError(t, err)
	sent, err := compress(script)
	require.NoError(t, err)
	assert.Less(t, len(sent), 15*1024)
}

// TestUserDataIsSentCompressed holds that the launch template carries what cloud-init
// unpacks to the script, and that the same script is the same bytes.
func TestUserDataIsSentCompressed(t *testing.T) {
	script, err := UserData(userData())
	require.NoError(t, err)
	sent, err := compress(script)
	require.NoError(t, err)
	again, err := compress(script)
	require.NoError(t, err)
	assert.Equal(t, sent, again)
	assert.Equal(t, script, unpacked(t, sent))
}

func unpacked(t *testing.T, sent []byte) string {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(sent))
	require.NoError(t, err)
	text, err := io.ReadAll(packed)
	require.NoError(t, err)
	return string(text)
}

// noise is of letters that no compression makes fewer than half of.
func noise(length int) string {
	random, text := rand.New(rand.NewPCG(1, 2)), make([]byte, 2*length) //nolint:gosec // no secret
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}
	return string(text)
}

func TestUserDataIsCleanShell(t *testing.T) {
	shellcheck := needed(t, "shellcheck")
	for _, noJobs := range []bool{false, true} {
		args := userData()
		args.NoJobs = noJobs
		i := boot(t, args)
		require.NoError(t, i.err, i.log)
		for _, script := range i.scripts() {
			out, err := exec.Command(shellcheck, script).CombinedOutput()
			assert.NoError(t, err, "%s", out)
		}
	}
}

// scripts are the shell scripts of an instance that has booted.
func (i *instance) scripts() []string {
	return []string{i.script, i.path("/usr/local/sbin/pilotlight-refresh")}
}

var (
	// document is a document within a script, for another program or for a script of its own.
	document = regexp.MustCompile(`(?s)<<'?EOF'?\n.*?\nEOF\n`)
	quoted   = regexp.MustCompile(`(?s)'[^']*'|"(\\.|[^"\\])*"`)
	remark   = regexp.MustCompile(`(?m)(^|\s)#.*$`)
)

// TestUserDataHasNoPipeline holds that no command can fail because one that reads from it
// has seen enough: under pipefail, php -m | grep -q fails about one time in four.
func TestUserDataHasNoPipeline(t *testing.T) {
	i := running(t)
	for _, path := range i.scripts() {
		script, err := os.ReadFile(path)
		require.NoError(t, err)
		left := quoted.ReplaceAllString(remark.ReplaceAllString(document.ReplaceAllString(string(script), "\n"), ""), "")
		assert.Contains(t, left, "||")
		for _, line := range strings.Split(strings.ReplaceAll(left, "||", ""), "\n") {
			assert.NotContains(t, line, "|", path)
		}
	}
}

// needed finds a tool, or skips the test on a machine that lacks it. CI must have it.
func needed(t *testing.T, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: CI must run this test", tool)
	} else if err != nil {
		t.Skipf("%s is not installed", tool)
	}
	return path
}
