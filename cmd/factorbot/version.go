package main

import (
	"runtime/debug"
)

// version says which build this is: "factorbot v1.2.0, commit 0123456789ab, go1.26.0".
// Version and commit are what the go command recorded; a commit is followed by
// "modified" where the tree had changes.
func version(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "factorbot, built without version"
	}
	commit, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = ", commit " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " modified"
		}
	}
	number := info.Main.Version
	if number == "" {
		number = "(devel)"
	}
	return "factorbot " + number + commit + modified + ", " + info.GoVersion
}
