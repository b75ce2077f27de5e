package components

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func userData() UserDataArgs {
	return UserDataArgs{
		Region: "us-west-2", ParameterPath: "/blog/dr",
		SecretARN: "arn:aws:secretsmanager:us-west-2:123456789012:secret:blog-dr-application-1234567-AbCdEf",
		Bucket:    "blog-dr-media-1234567", PeerRegion: "us-east-2", PeerParameterPath: "/blog/prod",
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
		"PEER_REGION='us-east-2'",
		"PEER_PARAMETERS='/blog/prod'",
	}, strings.Split(script, "\n")[:7])
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
		"more than EC2 takes": {func(a *UserDataArgs) { a.Bucket = strings.Repeat("b", userDataLimit) },
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
	assert.Less(t, len(script), 15*1024)
}

func TestUserDataIsCleanShell(t *testing.T) {
	shellcheck := needed(t, "shellcheck")
	for _, noJobs := range []bool{false, true} {
		args := userData()
		args.NoJobs = noJobs
		i := boot(t, args)
		require.NoError(t, i.err, i.log)
		for _, script := range []string{i.script, i.path("/usr/local/sbin/pilotlight-refresh")} {
			out, err := exec.Command(shellcheck, script).CombinedOutput()
			assert.NoError(t, err, "%s", out)
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
