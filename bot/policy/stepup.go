package policy

// StepUp says when an approval takes an answer in the approver's own Okta Verify, as
// the setting step_up does. The zero value is never.
type StepUp string

const (
	StepUpOff        StepUp = "off"
	StepUpBreakGlass StepUp = "break_glass"
	StepUpLarge      StepUp = "large" // large batches, and break-glass
	StepUpAlways     StepUp = "always"
)

// On reports whether anything takes an answer in Okta Verify: to resume what users
// have reported, and to lift a freeze, does then.
func (s StepUp) On() bool { return s != "" && s != StepUpOff }

func (s StepUp) asks(large, breakGlass bool) bool {
	switch s {
	case StepUpAlways:
		return true
	case StepUpLarge:
		return large || breakGlass
	case StepUpBreakGlass:
		return breakGlass
	}
	return false
}

func (s StepUp) words() string {
	switch s {
	case StepUpAlways:
		return "Approvers confirm each approval in Okta Verify."
	case StepUpLarge:
		return "Approvers confirm large batches and break-glass requests in Okta Verify."
	case StepUpBreakGlass:
		return "Approvers confirm break-glass requests in Okta Verify."
	}
	return ""
}

// trusted is fit, and refuses an account that may be in somebody else's hands. It holds
// for what lets something happen, and never for what stops it.
func (p Person) trusted() error {
	if err := p.fit(); err != nil {
		return err
	}
	switch {
	case p.Refused.After(p.At):
		return refuse(CodePushRefused, "A push for your account was refused in Okta Verify, so you can't decide anything for an hour. If that wasn't you, tell the security team.")
	case p.Moved:
		return refuse(CodeOktaMoved, "Your Slack account now leads to another Okta user than before, so you can't decide. Ask your admin to run `factorbot requests rebind %s`.", p.ID)
	}
	return nil
}
