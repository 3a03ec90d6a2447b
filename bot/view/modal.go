package view

import "github.com/slack-go/slack"

// IDs of the modal that asks for a reason.
const (
	ReasonCallback = "reason"
	ReasonBlock    = "reason"
	ReasonAction   = "reason"
)

// ReasonModal asks for the reason of an upload. Its private metadata is the
// value of the button that opened it, so that the submission names the upload.
func ReasonModal(upload string) slack.ModalViewRequest {
	input := slack.NewPlainTextInputBlockElement(plain("Lost phones after the office move, ticket 1234"), ReasonAction)
	input.Multiline, input.MaxLength, input.FocusOnLoad = true, 1000, true
	return slack.ModalViewRequest{
		Type:            slack.VTModal,
		CallbackID:      ReasonCallback,
		PrivateMetadata: upload,
		Title:           plain("Add a reason"),
		Submit:          plain("Ask for approval"),
		Close:           plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(ReasonBlock, plain("Reason"),
				plain("Approvers see this."), input),
		}},
	}
}
