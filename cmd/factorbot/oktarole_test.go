package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"factorbot/cmd/internal/setup"
	"factorbot/okta"
)

// A service app asks for exactly the scopes that are explained, and each is
// the one that Okta's own description asks for at every call named with it.
func TestOktaRole_scopesAreOktas(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../okta/testdata/okta-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range setup.OktaScopes() {
		names = append(names, s.Name)
		if len(s.Calls) == 0 {
			t.Errorf("%s has no call", s.Name)
		}
		for _, call := range s.Calls {
			method, path, _ := strings.Cut(call, " ")
			item := doc.Paths.Value(path)
			if item == nil || item.GetOperation(method) == nil {
				t.Errorf("Okta's description has no %s", call)
				continue
			}
			if !asksFor(item.GetOperation(method), s.Name) {
				t.Errorf("%s does not ask for %s", call, s.Name)
			}
		}
	}
	want := okta.Scopes()
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("explained are %v, asked for are %v", names, want)
	}
}

func asksFor(op *openapi3.Operation, scope string) bool {
	if op.Security == nil {
		return false
	}
	for _, requirement := range *op.Security {
		if slices.Contains(requirement["oauth2"], scope) {
			return true
		}
	}
	return false
}

func TestOktaRole_printsWhatTheAPITakes(t *testing.T) {
	raw := printed(t, "okta-role", "--json", "--org-url", "https://example.okta.com/", "--org-id", "00o1", "--groups", "00g1,00g2")
	var got setup.OktaAccess
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"https://example.okta.com/api/v1/groups/00g1/users", "https://example.okta.com/api/v1/groups/00g1",
		"https://example.okta.com/api/v1/groups/00g2/users", "https://example.okta.com/api/v1/groups/00g2",
		"https://example.okta.com/api/v1/apps", "orn:okta:iam:00o1:contained_resources",
	}
	if !slices.Equal(got.ResourceSet.Resources, want) {
		t.Errorf("resources %v, want %v", got.ResourceSet.Resources, want)
	}
	for _, p := range got.CustomRole.Permissions {
		if strings.HasSuffix(p, ".manage") {
			t.Errorf("%s lets the bot change what it need not", p)
		}
	}
	text := printed(t, "okta-role")
	for _, p := range setup.Permissions() {
		if !slices.Contains(got.CustomRole.Permissions, p.Name) || !bytes.Contains(text, []byte(p.Name)) || !bytes.Contains(text, []byte(p.Why)) {
			t.Errorf("%s is not explained", p.Name)
		}
	}
}

func TestOktaRole_pageTellsEachPermission(t *testing.T) {
	page := mustPage(t, "okta")
	for _, p := range setup.Permissions() {
		line := "| " + p.Label + " | `" + p.Name + "` | " + p.Why + " | " + p.Resources + " |"
		if !strings.Contains(page, line) {
			t.Errorf("help okta has no line %s", line)
		}
	}
	for _, s := range okta.Scopes() {
		if !strings.Contains(page, "`"+s+"`") {
			t.Errorf("help okta does not tell of %s", s)
		}
	}
	id := regexp.MustCompile(`\{\w+\}`)
	for _, s := range setup.OktaScopes() {
		_, row, _ := strings.Cut(page, "\n| `"+s.Name+"` | ")
		row, _, _ = strings.Cut(row, "\n")
		for _, call := range s.Calls {
			method, path, _ := strings.Cut(id.ReplaceAllString(call, "{id}"), " ")
			path = strings.TrimPrefix(path, "/api/v1")
			if !strings.Contains(row, "`"+method+" "+path+"`") && !strings.Contains(row, "`"+path+"`") {
				t.Errorf("help okta does not say that %s is for %s %s", s.Name, method, path)
			}
		}
	}
}

// The role that asks approvers cannot reset them: it stands apart, on a resource set of its own.
func TestOktaRole_approvers(t *testing.T) {
	flags := []string{"--org-url", "https://example.okta.com", "--org-id", "00o1", "--groups", "00gusers", "--approver-groups", "00gapprovers"}
	var got setup.OktaAccess
	if err := json.Unmarshal(printed(t, append([]string{"okta-role", "--json"}, flags...)...), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.ApproversRole.Permissions, []string{"okta.users.read"}) || got.ApproversRole.Label == got.CustomRole.Label {
		t.Errorf("the role is %+v", got.ApproversRole)
	}
	want := []string{"https://example.okta.com/api/v1/groups/00gapprovers/users", "https://example.okta.com/api/v1/groups/00gapprovers"}
	if !slices.Equal(got.ApproversSet.Resources, want) || got.ApproversSet.Label == got.ResourceSet.Label {
		t.Errorf("the resource set is %+v", got.ApproversSet)
	}
	if all := strings.Join(got.ResourceSet.Resources, " "); strings.Contains(all, "00gapprovers") {
		t.Errorf("the role with the resets has the approvers: %s", all)
	}
	first, second, ok := strings.Cut(string(printed(t, append([]string{"okta-role"}, flags...)...)), "\n5. ")
	if !ok || strings.Contains(first, "00gapprovers") {
		t.Fatalf("the first four parts are %s", first)
	}
	for _, w := range append(want, `"factorbot approvers"`, "okta.users.read", "a resource set of its own", "this was not tried against a live", "factorbot doctor says what Okta answers") {
		if !strings.Contains(second, w) {
			t.Errorf("no %q in\n%s", w, second)
		}
	}
	for _, w := range []string{"resetFactors", "00gusers", "clearSessions"} {
		if strings.Contains(second, w) {
			t.Errorf("%q is in\n%s", w, second)
		}
	}
}

// A resource name says in which part of Okta the org is.
func TestOktaRole_partition(t *testing.T) {
	for org, want := range map[string]string{
		"https://example.okta.com": "orn:okta:iam:00o1:", "https://example.oktapreview.com/": "orn:oktapreview:iam:00o1:",
		"https://example.okta-emea.com": "orn:okta:iam:00o1:", "https://example.okta-gov.com": "orn:okta:iam:00o1:", "https://login.example.com": "orn:okta:iam:00o1:",
	} {
		if text := printed(t, "okta-role", "--org-url", org, "--org-id", "00o1"); !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s: no %s in\n%s", org, want, text)
		}
	}
}
