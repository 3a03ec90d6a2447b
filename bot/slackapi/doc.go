// Package slackapi is the Slack client as this program uses it, and what Slack's
// errors mean: how long to wait, whether a call may have taken effect, and what
// an operator can do.
//
// # Assumptions
//
// What follows is in Slack's documents, or seems likely, and no recorded answer shows it.
// Each has a test, which holds against the simulator only: whoever has a workspace
// can check it there. What recorded answers do show is in TestRecorded_answers.
//
//   - A 429 has Retry-After in whole seconds, and a call that it refuses has done nothing:
//     TestRetryDelay, TestMayHaveActed, slacksim's TestAPI_limits.
//   - internal_error, fatal_error, request_timeout and service_unavailable may hide that a
//     call took effect: TestMayHaveActed, bot's TestAnnouncer_onceEachUnderFaults.
//   - A response_url takes five answers within 30 minutes: slacksim's TestHook_uses.
//   - A trigger opens one view, within three seconds: slacksim's TestTrigger. Where that is
//     refused, a button takes the view's place: bot's
//     TestNumber_isAskedForByAButtonWhereTheModalDoesNotOpen.
//   - views.update takes the hash of the view that it changes and refuses an older one:
//     slacksim's TestViews_update.
//   - A click in a modal brings what its inputs hold: slacksim's TestClick_view.
//   - A CSV's upload comes as file_share with the whole file object, or with a stub of
//     which files.info tells the rest: bot's TestUpload_ofAStub, slacksim's TestStranger_file.
//   - The message that shares a file of the bot's own comes some time after
//     files.completeUploadExternal, and files.info then has it in shares:
//     bot's TestAnnouncer_fileSharedLate.
//   - A file fetched without the right scope ends at a page of HTML with status 200:
//     handler's TestDownload_pageInThePlaceOfTheFile.
//   - A workspace without a new block refuses the message with invalid_blocks and a JSON
//     pointer to the block: bot's TestNewBlocks_areLeftOut, slacksim's TestBlocks_old.
//   - An envelope that nobody acknowledges comes again, on another socket too, with the
//     same identity: bot's TestInbox_oneEnvelopeOnTwoSockets, slacksim's TestEvent_redelivery.
//   - A socket's URL serves once: slacksim's TestSocket_ticket.
//   - On Enterprise Grid colleagues of other workspaces have the organization's ID in
//     enterprise_user: people's TestPeople_Account_enterprise.
//   - Who was deactivated may still click; users.info then says deleted:
//     people's TestPeople_Account.
//   - Writing to a person without im:write is refused with missing_scope, and with the
//     scope granted the same token serves: bot's TestAnnouncer_directMessagesNeedAScope.
package slackapi
