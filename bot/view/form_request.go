package view

import "github.com/slack-go/slack"

// RequestCallback is of the modal in which a reset is asked for.
const RequestCallback = "request"

// ActionMoreOptions shows the rarer fields of the request form.
const ActionMoreOptions = "more_options"

// RequestModal asks for users and a reason, and on demand for all else that a
// request can have. Users are named in a text, by Slack's people, in a file, or, among
// what is shown on demand, by an Okta group or search.
func RequestModal(f Frame) slack.ModalViewRequest {
	blocks := []slack.Block{ // one of the fields for users is filled in
		optional(longField(FieldList, "Users", "E-mails, logins or Okta IDs, separated by blanks, commas or lines.", "ana@example.com\nbob@example.com", 3000)),
		optional(field(FieldPeople, "People in Slack", "Found in Okta by their e-mail in Slack.",
			slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, plain("Choose people"), FieldPeople))),
		optional(fileField()),
		reasonField(f.NoWhy),
	}
	if f.More {
		blocks = append(blocks, optional(namesField(NamedByGroup)), optional(namesField(NamedBySearch)), factorsField(), whenField(), optionsField())
	} else {
		more := slack.NewButtonBlockElement(ActionMoreOptions, "more", plain("More options"))
		blocks = append(blocks, slack.NewActionBlock(ActionMoreOptions, more))
	}
	return modal(RequestCallback, f, "Reset MFA factors", "Ask for approval", blocks...)
}

func fileField() *slack.InputBlock {
	pick := slack.NewFileInputBlockElement(FieldFile)
	pick.FileTypes, pick.MaxFiles = []string{"csv", "tsv", "txt", "xlsx"}, 1
	return field(FieldFile, "File", "CSV, Excel or text with Okta user IDs, logins or e-mails, up to 10 MB. Drop larger files in the channel.", pick)
}

// namedByField dispatches each change, so that the field below it can follow.
func namedByField(choices []choice, at int) slack.Block {
	radio := slack.NewRadioButtonsBlockElement(FieldNamedBy, optionsOf(choices)...)
	radio.InitialOption = option(choices[at])
	b := field(FieldNamedBy, "Who?", "", radio)
	b.DispatchAction = true
	return b
}

// namesField is a field in which a set of users is named.
func namesField(by string) *slack.InputBlock {
	switch by {
	case NamedByGroup:
		return textField(FieldGroup, "Okta group", "All its members. Write its name as Okta does.", "Contractors", 255)
	case NamedByFilter:
		return longField(FieldFilter, "Okta filter expression", "Okta's filter language.", `status eq "LOCKED_OUT"`, 1000)
	case NamedByQuery:
		return textField(FieldQuery, "Start of a name or e-mail", "Okta compares first name, last name and e-mail.", "ana", 100)
	}
	return longField(FieldSearch, "Okta search expression", "Everybody it finds.", `profile.department eq "Sales" and status eq "ACTIVE"`, 1000)
}

// factorChoices are the factors that the form offers, in words of the command language.
func factorChoices() []choice {
	return []choice{
		{"okta verify", "Okta Verify", "Push, code and FastPass together"},
		{"okta verify push", "Okta Verify push", ""},
		{"okta fastpass", "Okta FastPass", ""},
		{"google authenticator", "Google Authenticator", ""},
		{"authenticator app", "Any authenticator app code", ""},
		{"sms", "SMS", ""},
		{"voice call", "Voice call", ""},
		{"email", "E-mail", ""},
		{"security question", "Security question", ""},
		{"security key", "Security key", "WebAuthn and U2F"},
		{"webauthn", "WebAuthn, passkey", ""},
		{"yubikey", "YubiKey code", ""},
		{"hardware token", "Hardware token", ""},
		{"custom otp", "Custom one-time password", ""},
		{"rsa securid", "RSA SecurID", ""},
		{"symantec vip", "Symantec VIP", ""},
		{"duo", "Duo", ""},
	}
}

func factorsField() slack.Block {
	pick := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("All factors"), FieldFactors, optionsOf(factorChoices())...)
	return optional(field(FieldFactors, "Which factors?", "Empty: all of them.", pick))
}

func whenField() slack.Block {
	return optional(field(FieldWhen, "Not before", "In your time zone. Empty: as soon as it's approved.", slack.NewDateTimePickerBlockElement(FieldWhen)))
}

func optionsField() slack.Block {
	boxes := slack.NewCheckboxGroupsBlockElement(FieldOptions, optionsOf([]choice{
		{OptionSessions, "End their Okta sessions", ""},
		{OptionTell, "Tell the users by DM", "And how to set up MFA again"},
		{OptionDryRun, "Dry run", "Everything but the resets"},
	})...)
	return optional(field(FieldOptions, "Options", "", boxes))
}
