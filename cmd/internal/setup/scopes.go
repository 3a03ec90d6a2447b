package setup

// slackScope is a scope of the bot token and what the bot does with it.
type slackScope struct{ Name, Why string }

// SlackScopes are the scopes that the bot's calls and events need, no more. A
// test derives them from the calls in the code and holds them against this list.
func SlackScopes() []slackScope {
	return []slackScope{
		{"channels:history", "hears uploads (event message.channels), reads what it missed (conversations.history, .replies)"},
		{"channels:read", "checks that it is in the channels of the policy (conversations.info)"},
		{"chat:write", "posts and edits its messages, answers privately (chat.postMessage, .update, .postEphemeral)"},
		{"commands", "hears /factor-reset"},
		{"files:read", "reads the lists that people drop, and where its own files are shared (files.info)"},
		{"files:write", "posts plan and result files (files.getUploadURLExternal, .completeUploadExternal)"},
		{"groups:history", "the same as channels:history in private channels (event message.groups)"},
		{"groups:read", "the same as channels:read for private channels"},
		{"im:history", "finds its own direct message again when the answer to it was lost (conversations.history)"},
		{"im:write", "writes to one person, such as a requester or an approver (conversations.open)"},
		{"usergroups:read", "knows who is in the user groups that the policy names (usergroups.list, usergroups.users.list)"},
		{"users:read", "checks that whoever acts is a person, active, and a full member (users.info)"},
		{"users:read.email", "finds the Okta user of somebody who is mentioned"},
	}
}

func ScopeNames() []string {
	var names []string
	for _, s := range SlackScopes() {
		names = append(names, s.Name)
	}
	return names
}

// BotEvents are the events that the bot hears.
func BotEvents() []string { return []string{"app_home_opened", "message.channels", "message.groups"} }
