package main

import (
	"cmp"
	"runtime/debug"
)

// version is what this command was built of, for machines that may have to fail over to be compared.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is the release or the version that Go makes of a commit, the commit itself, and Go. A build beside
// a clone (go run, go install) knows no commit.
func versionOf(info *debug.BuildInfo) string {
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = ", commit " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return cmp.Or(info.Main.Version, "(devel)") + commit + changed + ", " + info.GoVersion
}
