package cli

import (
	"runtime/debug"
)

// Set by the linker where the go command cannot see the version control, as in
// an image build: -ldflags "-X factorbot/cmd/internal/cli.linkedVersion=v1.2.0 -X ...".
var linkedVersion, linkedCommit string

// Build is which program this is.
type Build struct {
	Version string // "v1.2.0", or "(devel)"
	Commit  string // "0123456789ab", or "" if it was not recorded
	Changed bool   // the tree had changes beside the commit
	Go      string // "go1.26.0"
}

// buildOf is what the linker was told, else what the go command recorded.
func buildOf(info *debug.BuildInfo, ok bool) Build {
	b := Build{Version: linkedVersion, Commit: short(linkedCommit)}
	if !ok {
		return b.named()
	}
	b.Go = info.GoVersion
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch {
		case b.Commit == "" && s.Key == "vcs.revision":
			b.Commit = short(s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Changed = true
		}
	}
	return b.named()
}

func (b Build) named() Build {
	if b.Version == "" {
		b.Version = "(devel)"
	}
	return b
}

func short(commit string) string { return commit[:min(12, len(commit))] }

// String is one line: "factorbot v1.2.0, commit 0123456789ab, go1.26.0".
func (b Build) String() string {
	s := "factorbot " + b.Version
	if b.Commit != "" {
		s += ", commit " + b.Commit
	}
	if b.Changed {
		s += " modified"
	}
	if b.Go != "" {
		s += ", " + b.Go
	}
	return s
}

// ThisBuild is the running program.
func ThisBuild() Build {
	info, ok := debug.ReadBuildInfo()
	return buildOf(info, ok)
}
