package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// webMethods are Slack's names of the calls that slack-go offers.
func webMethods() map[string]string {
	return map[string]string{
		"AddReactionContext":            "reactions.add",
		"AuthTestContext":               "auth.test",
		"CompleteUploadExternalContext": "files.completeUploadExternal",
		"DeleteMessageContext":          "chat.delete",
		"GetConversationHistoryContext": "conversations.history",
		"GetConversationInfoContext":    "conversations.info",
		"GetConversationRepliesContext": "conversations.replies",
		"GetFileContext":                "files.info", // the bytes ask for the same scope
		"GetFileInfoContext":            "files.info",
		"GetPermalinkContext":           "chat.getPermalink",
		"GetUploadURLExternalContext":   "files.getUploadURLExternal",
		"GetUserByEmailContext":         "users.lookupByEmail",
		"GetUserGroupMembersContext":    "usergroups.users.list",
		"GetUserGroupsContext":          "usergroups.list",
		"GetUserInfoContext":            "users.info",
		"GetUserProfileContext":         "users.profile.get",
		"GetUsersInConversationContext": "conversations.members",
		"OpenConversationContext":       "conversations.open",
		"OpenViewContext":               "views.open",
		"PostEphemeralContext":          "chat.postEphemeral",
		"PostMessageContext":            "chat.postMessage",
		"PublishViewContext":            "views.publish",
		"PushViewContext":               "views.push",
		"RemoveReactionContext":         "reactions.remove",
		"StartSocketModeContext":        "apps.connections.open",
		"UpdateMessageContext":          "chat.update",
		"UpdateViewContext":             "views.update",
	}
}

// methodsInCode are the Web API methods that the program calls, read from its
// source; the socket client's own call besides.
func methodsInCode(tb testing.TB) []string {
	tb.Helper()
	client, known := reflect.TypeFor[*slack.Client](), webMethods()
	found := map[string]bool{"apps.connections.open": true}
	for _, path := range sources(tb, func(path string) bool {
		return strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "slacksim/")
	}) {
		for _, name := range callsIn(tb, path) {
			if _, exists := client.MethodByName(name); !exists || !strings.HasSuffix(name, "Context") {
				continue
			}
			if known[name] == "" {
				tb.Fatalf("%s calls slack-go's %s: say in webMethods which Web API method that is", path, name)
			}
			found[known[name]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// callsIn are the names of all methods that a file calls.
func callsIn(tb testing.TB, path string) []string {
	tb.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				names = append(names, sel.Sel.Name)
			}
		}
		return true
	})
	return names
}
