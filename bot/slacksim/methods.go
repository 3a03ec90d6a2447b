package slacksim

// handler is what a method does, once token, scopes, rate and required arguments
// have passed. The lock is held. It returns what the answer has besides "ok", or
// refuse with Slack's error.
type handler func(*Workspace, *call) (object, error)

// handlers are what is behind the methods of methods.json.
func handlers() map[string]handler {
	return map[string]handler{
		"apps.connections.open":        connectionsOpen,
		"auth.test":                    authTest,
		"blocks.validate":              validateBlocks,
		"bots.info":                    botInfo,
		"chat.delete":                  deleteMessage,
		"chat.getPermalink":            getPermalink,
		"chat.postEphemeral":           postEphemeral,
		"chat.postMessage":             postMessage,
		"chat.update":                  updateMessage,
		"conversations.history":        conversationHistory,
		"conversations.info":           conversationInfo,
		"conversations.join":           conversationJoin,
		"conversations.list":           conversationList,
		"conversations.members":        conversationMembers,
		"conversations.open":           conversationOpen,
		"conversations.replies":        conversationReplies,
		"files.completeUploadExternal": completeUpload,
		"files.delete":                 deleteFile,
		"files.getUploadURLExternal":   uploadURL,
		"files.info":                   fileInfo,
		"reactions.add":                addReaction,
		"reactions.remove":             removeReaction,
		"team.info":                    teamInfo,
		"usergroups.list":              groupList,
		"usergroups.users.list":        groupUsers,
		"users.conversations":          userConversations,
		"users.info":                   userInfo,
		"users.list":                   userList,
		"users.lookupByEmail":          userByEmail,
		"users.profile.get":            userProfile,
		"views.open":                   openView,
		"views.publish":                publishView,
		"views.push":                   pushView,
		"views.update":                 updateView,
	}
}
