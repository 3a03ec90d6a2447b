package cli

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	info := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		ok   bool
		want string
	}{
		"released":     {info("v1.2.0", revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), true, "factorbot v1.2.0, commit 0123456789ab, go1.26.0"},
		"modified":     {info("v1.2.0", revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), true, "factorbot v1.2.0, commit 0123456789ab modified, go1.26.0"},
		"no vcs":       {info("(devel)"), true, "factorbot (devel), go1.26.0"},
		"no version":   {info("", debug.BuildSetting{Key: "vcs.revision", Value: "01234"}), true, "factorbot (devel), commit 01234, go1.26.0"},
		"not recorded": {nil, false, "factorbot (devel)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := buildOf(c.info, c.ok).String(); got != c.want {
				t.Errorf("buildOf() = %q, want %q", got, c.want)
			}
		})
	}
}
