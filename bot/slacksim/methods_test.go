package slacksim

import (
	"slices"
	"testing"

	"github.com/slack-go/slack"
)

// TestMethods_people reads with slack-go's client what the workspace has.
func TestMethods_people(t *testing.T) {
	p := mustServe(t, Options{})
	auth, err := p.api.AuthTest()
	if err != nil || auth.UserID != BotUser || auth.BotID != BotID || auth.TeamID != Team {
		t.Errorf("auth.test: %+v, %v", auth, err)
	}
	users, err := p.api.GetUsers(slack.GetUsersOptionLimit(2))
	if err != nil || len(users) != 8 {
		t.Errorf("users.list: %d, %v", len(users), err)
	}
	kinds := map[string]func(slack.User) bool{
		"U_GUEST":     func(u slack.User) bool { return u.IsRestricted && u.TeamID == Team },
		"U_STRANGER":  func(u slack.User) bool { return u.TeamID == PartnerTeam && !u.IsStranger },
		"U_GONE":      func(u slack.User) bool { return u.Deleted },
		"U_FACTORBOT": func(u slack.User) bool { return u.IsBot },
		"U_APPROVER1": func(u slack.User) bool { return u.Profile.Email == "approver1@example.com" && u.IsAdmin },
	}
	for id, ok := range kinds {
		u, err := p.api.GetUserInfo(id)
		if err != nil || !ok(*u) {
			t.Errorf("users.info %s: %+v, %v", id, u, err)
		}
	}
	if u, err := p.api.GetUserByEmail("ANA@example.com"); err != nil || u.ID != "U_ANA" {
		t.Errorf("users.lookupByEmail: %+v, %v", u, err)
	}
	if profile, err := p.api.GetUserProfile(&slack.GetUserProfileParameters{UserID: "U_ANA"}); err != nil || profile.RealName != "Ana Lima" {
		t.Errorf("users.profile.get: %+v, %v", profile, err)
	}
	if bot, err := p.api.GetBotInfo(slack.GetBotInfoParameters{Bot: BotID}); err != nil || bot.UserID != BotUser {
		t.Errorf("bots.info: %+v, %v", bot, err)
	}
	if team, err := p.api.GetTeamInfo(); err != nil || team.ID != Team {
		t.Errorf("team.info: %+v, %v", team, err)
	}
	groups, err := p.api.GetUserGroups(slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 2 || !slices.Contains(groups[0].Users, "U_APPROVER1") {
		t.Errorf("usergroups.list: %+v, %v", groups, err)
	}
	if members, err := p.api.GetUserGroupMembers("S_HELPDESK"); err != nil || !slices.Equal(members, []string{"U_REQUESTER", "U_APPROVER2"}) {
		t.Errorf("usergroups.users.list: %v, %v", members, err)
	}
}

func TestMethods_conversations(t *testing.T) {
	p := mustServe(t, Options{})
	channels, cursor, err := p.api.GetConversations(&slack.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 1})
	if err != nil || len(channels) != 1 || cursor == "" {
		t.Fatalf("conversations.list: %+v, %q, %v", channels, cursor, err)
	}
	rest, cursor, err := p.api.GetConversations(&slack.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Cursor: cursor})
	if err != nil || len(rest) != 1 || rest[0].ID != "C_GENERAL" || cursor != "" {
		t.Errorf("second page: %+v, %q, %v", rest, cursor, err)
	}
	mine, _, err := p.api.GetConversationsForUser(&slack.GetConversationsForUserParameters{})
	if err != nil || len(mine) != 1 || mine[0].ID != "C_FACTORS" {
		t.Errorf("users.conversations: %+v, %v", mine, err)
	}
	info, err := p.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: "C_FACTORS", IncludeNumMembers: true})
	if err != nil || !info.IsMember || info.NumMembers != 7 || !info.IsExtShared || info.Name != "factor-resets" {
		t.Errorf("conversations.info: %+v, %v", info, err)
	}
	dm, _, already, err := p.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U_ANA"}, ReturnIM: true})
	if err != nil || already || !dm.IsIM || dm.User != "U_ANA" {
		t.Errorf("conversations.open: %+v, %v, %v", dm, already, err)
	}
	again, noop, already, err := p.api.OpenConversation(&slack.OpenConversationParameters{ChannelID: dm.ID})
	if err != nil || !noop || !already || again.ID != dm.ID {
		t.Errorf("again: %+v, %v, %v", again, already, err)
	}
	group, _, _, err := p.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U_ANA", "U_APPROVER1"}})
	if err != nil || group.ID[0] != 'G' {
		t.Errorf("several: %+v, %v", group, err)
	}
	if _, warning, _, err := p.api.JoinConversation("C_GENERAL"); err != nil || warning != "" {
		t.Errorf("conversations.join: %q, %v", warning, err)
	}
	if _, warning, _, err := p.api.JoinConversation("C_GENERAL"); err != nil || warning != "already_in_channel" {
		t.Errorf("join again: %q, %v", warning, err)
	}
	if _, _, err := p.api.PostMessage("C_GENERAL", slack.MsgOptionText("now it is a member", false)); err != nil {
		t.Error(err)
	}
}

func TestMethods_messages(t *testing.T) {
	p := mustServe(t, Options{})
	_, ts, err := p.api.PostMessage("C_FACTORS", slack.MsgOptionText("one", false))
	if err != nil {
		t.Fatal(err)
	}
	link, err := p.api.GetPermalink(&slack.PermalinkParameters{Channel: "C_FACTORS", Ts: ts})
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := get(t, p, link[len(p.server.URL):])
	if to := answer.Header.Get("Location"); to != "/?at="+ts+"&channel=C_FACTORS" {
		t.Errorf("%s leads to %s", link, to)
	}
	said, _ := p.Say("U_ANA", "C_FACTORS", "mine", "")
	if _, _, err := p.api.DeleteMessage("C_FACTORS", said); err == nil || err.Error() != "cant_delete_message" {
		t.Errorf("another's message: %v", err)
	}
	if _, _, _, err := p.api.UpdateMessage("C_FACTORS", said, slack.MsgOptionText("x", false)); err == nil || err.Error() != "cant_update_message" {
		t.Errorf("another's message: %v", err)
	}
	if _, _, err := p.api.DeleteMessage("C_FACTORS", ts); err != nil {
		t.Error(err)
	}
	if _, _, err := p.api.DeleteMessage("C_FACTORS", ts); err == nil || err.Error() != "message_not_found" {
		t.Errorf("twice: %v", err)
	}
}

// TestMethods_reactions is the test to follow for a new method: what it does, by a
// client that others wrote, and each error that the method's page names for it.
func TestMethods_reactions(t *testing.T) {
	p := mustServe(t, Options{})
	_, ts, err := p.api.PostMessage("C_FACTORS", slack.MsgOptionText("one", false))
	if err != nil {
		t.Fatal(err)
	}
	ref := slack.NewRefToMessage("C_FACTORS", ts)
	if err := p.api.AddReaction("eyes", ref); err != nil {
		t.Error(err)
	}
	if err := p.api.AddReaction("eyes", ref); err == nil || err.Error() != "already_reacted" {
		t.Errorf("twice: %v", err)
	}
	if err := p.api.RemoveReaction("eyes", ref); err != nil {
		t.Error(err)
	}
	if err := p.api.RemoveReaction("eyes", ref); err == nil || err.Error() != "no_reaction" {
		t.Errorf("twice: %v", err)
	}
	if err := p.api.AddReaction("eyes", slack.NewRefToMessage("C_FACTORS", "1.000001")); err == nil || err.Error() != "message_not_found" {
		t.Errorf("to no message: %v", err)
	}
}

func TestMethods_validate(t *testing.T) {
	w := mustNew(t, Options{})
	bad := []any{object{"type": "section"}}
	for part, tc := range map[string]struct {
		value any
		want  any
	}{
		"blocks":  {bad, "invalid_blocks"},
		"message": {object{"blocks": bad}, "invalid_message"},
		"view":    {object{"type": "modal"}, "invalid_view"},
	} {
		if o := callAPI(w, "blocks.validate", object{part: tc.value}); o["error"] != tc.want {
			t.Errorf("%s: %v", part, o)
		}
	}
	if o := callAPI(w, "blocks.validate", object{"blocks": []any{object{"type": "divider"}}}); o["ok"] != true {
		t.Errorf("good blocks: %v", o)
	}
}

func TestMethods_deleteFile(t *testing.T) {
	w := mustNew(t, Options{})
	id := callAPI(w, "files.getUploadURLExternal", nil)
	if id["error"] != "invalid_arguments" {
		t.Errorf("without arguments: %v", id)
	}
	_, o := send(w, "GET", "/api/files.getUploadURLExternal?token=xoxb-sandbox&filename=a.csv&length=2", nil, "")
	file, _ := o["file_id"].(string)
	if o := callAPI(w, "files.completeUploadExternal", object{"files": []any{object{"id": file}}}); o["error"] != "file_not_found" {
		t.Errorf("completed before it was uploaded: %v", o)
	}
	if answer, _ := send(w, "POST", "/upload/v1/"+file, nil, "id"); answer.StatusCode != 200 {
		t.Errorf("upload: %d", answer.StatusCode)
	}
	if o := callAPI(w, "files.completeUploadExternal", object{"files": []any{object{"id": file, "title": "T"}}}); o["ok"] != true {
		t.Errorf("complete: %v", o)
	}
	if o := callAPI(w, "files.delete", object{"file": file}); o["ok"] != true {
		t.Errorf("delete: %v", o)
	}
	if _, o := send(w, "GET", "/api/files.info?token=xoxb-sandbox&file="+file, nil, ""); o["error"] != "file_deleted" {
		t.Errorf("info: %v", o)
	}
}
