package main

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every command of the program that the README shows is one that there is, with
// flags that it takes.
func TestReadme_commandsExist(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range subcommands() {
		names = append(names, c.name)
	}
	seen := 0
	for _, m := range regexp.MustCompile("(?m)(?:^|`|/)factorbot ([a-z-]+)([^`\n>#]*)").FindAllStringSubmatch(string(readme), -1) {
		if m[1] == "help" || m[1] == "resets" || strings.HasPrefix(m[1], "-") { // prose, and a folder of the same name
			continue
		}
		if !slices.Contains(names, m[1]) {
			t.Errorf("README.md shows factorbot %s, which does not exist", m[1])
			continue
		}
		seen++
		help := &buffer{}
		if code := run(context.Background(), []string{m[1], "--help"}, environment{stdout: help, stderr: help}); code != 0 {
			t.Errorf("factorbot %s --help: exit code %d: %s", m[1], code, help)
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z.-]*`).FindAllString(m[2], -1) {
			if flag != "--help" && !strings.Contains(help.String(), flag) {
				t.Errorf("README.md shows factorbot %s %s; its help has no %s", m[1], m[2], flag)
			}
		}
	}
	for _, name := range names {
		if !strings.Contains(string(readme), "factorbot "+name) {
			t.Errorf("README.md does not tell of factorbot %s", name)
		}
	}
	if seen < 10 {
		t.Errorf("only %d commands were found", seen)
	}
}
