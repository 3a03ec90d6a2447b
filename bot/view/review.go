package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// ReviewCallback is of the modal in which a plan is looked through.
const ReviewCallback = "review"

// Actions inside the review.
const (
	ReviewSearch = "review_search" // a field; also dispatched when Enter is pressed in it
	ReviewShow   = "review_show"   // one of the Show values
	ReviewBack   = "review_back"
	ReviewOn     = "review_on"
	ReviewAll    = "review_all" // ticks every row that is found
	ReviewRemove = "review_remove"
)

// Show values: which rows of a plan a review lists.
const (
	ShowReset = "reset"
	ShowOdd   = "odd"
	ShowSkip  = "skip"
)

// reviewPage is how many rows a page has.
const reviewPage = 25

// Review gathers a plan's targets for the modal in which an approver looks
// through them. Rows that stand out come first.
type Review struct {
	request *reset.Request
	frame   Frame
	warning string // above what is listed

	resets, odd    int
	skips          map[reset.Reason]int
	statuses       map[string]int
	departments    map[string]int
	factors        map[string]int
	unread         int
	found, strange []reset.Target // strange: those that stand out
}

// NewReview begins a review of the request's plan. Who only looks gets no boxes
// to tick. Where the frame does not say what to show, it is what stands out, or
// else all who are reset.
func NewReview(r *reset.Request, f Frame) *Review {
	if f.Show != ShowOdd && f.Show != ShowSkip && f.Show != ShowReset {
		f.Show = ""
	}
	return &Review{
		request: r, frame: f, skips: map[reset.Reason]int{}, statuses: map[string]int{},
		departments: map[string]int{}, factors: map[string]int{},
	}
}

// Add takes in the next target.
func (v *Review) Add(t reset.Target) {
	if t.Action != reset.ActionReset {
		v.skips[t.Reason]++
		if v.frame.Show == ShowSkip && v.matches(t) {
			v.found = append(v.found, t)
		}
		return
	}
	v.resets++
	v.statuses[t.Status]++
	v.departments[phrase.Line(t.Department)]++
	if !t.Read {
		v.unread++
	}
	for _, f := range t.Factors {
		v.factors[f]++
	}
	odd := standsOut(t, v.request.Plan.FrozenAt) != ""
	if odd {
		v.odd++
	}
	switch {
	case v.frame.Show == ShowSkip || !v.matches(t):
	case odd:
		v.strange = append(v.strange, t)
	case v.frame.Show != ShowOdd:
		v.found = append(v.found, t)
	}
}

// matches reports whether a target has what is searched for in anything that is known of it.
func (v *Review) matches(t reset.Target) bool {
	want := strings.ToLower(strings.TrimSpace(v.frame.Search))
	if want == "" {
		return true
	}
	has := strings.ToLower(strings.Join([]string{
		t.Login, t.Name, t.Input, string(t.User), t.Status, t.Department, string(t.Reason), t.Detail, strings.Join(t.Factors, " "),
	}, "\n"))
	return strings.Contains(has, want)
}

// TickFound ticks every row that the search finds.
func (v *Review) TickFound() {
	rows := phrase.Each(v.listed(), func(t reset.Target) int { return t.Row })
	if !v.frame.Tick(rows, rows) {
		v.Full()
	}
	v.frame.Ticked++
}

// Ticked says that an approval was refused because users are ticked to be removed.
func (v *Review) Ticked() {
	v.warning = "Not approved: some users are ticked to be removed. Press Remove ticked first, or take off the ticks."
}

// Full says that ticks were refused because there were too many.
func (v *Review) Full() {
	v.warning = "That's more than fits at once. Remove those that are ticked, then review the new plan."
}

func (v *Review) listed() []reset.Target { return slices.Concat(v.strange, v.found) }

// settle chooses what to show where the frame does not say.
func (v *Review) settle() {
	switch {
	case v.frame.Show != "":
	case len(v.strange) > 0:
		v.frame.Show, v.found = ShowOdd, nil
	default:
		v.frame.Show = ShowReset
	}
}

// Modal is the page that the frame asks for.
func (v *Review) Modal() slack.ModalViewRequest {
	v.settle()
	rows := v.listed()
	last := max(0, (len(rows)-1)/reviewPage)
	v.frame.Page = min(v.frame.Page, last)
	from := v.frame.Page * reviewPage
	shown := rows[from:min(len(rows), from+reviewPage)]

	blocks := v.counts()
	if !v.frame.Looking {
		blocks = append(blocks, v.decide())
	}
	blocks = append(blocks, v.kinds()...)
	blocks = append(blocks, v.search(), v.choose())
	if v.warning != "" {
		blocks = append(blocks, alert(slack.AlertLevelWarning, v.warning))
	}
	blocks = append(blocks, note(v.position(from, len(shown), len(rows))))
	blocks = append(blocks, v.page(shown)...)
	if nav := v.turns(last); nav != nil {
		blocks = append(blocks, nav)
	}
	// The search field needs a submit button; "Cancel" could be taken for the request's.
	m := modal(ReviewCallback, v.frame, "Review "+modalID(v.request.ID), "Done", blocks...)
	m.Close = plain("Close")
	return m
}

// decide has the buttons that act on the whole plan, above what it lists.
func (v *Review) decide() slack.Block {
	remove := button(ReviewRemove, Value(v.request), "Remove ticked", slack.StyleDanger).WithConfirm(confirmation("Remove the ticked users?",
		"They leave this request, and earlier approvals no longer count.", "Remove", slack.StyleDanger))
	return slack.NewActionBlock("review-decide", approveButton(v.request, nil), remove)
}

func (v *Review) search() slack.Block {
	b := textField(ReviewSearch, "Search", "Login, name, department, status or factor; press Enter.", "sales", 100)
	input := b.Element.(*slack.PlainTextInputBlockElement)
	input.InitialValue = phrase.Cut(v.frame.Search, 60)
	input.DispatchActionConfig = &slack.DispatchActionConfig{TriggerActionsOn: []string{"on_enter_pressed"}}
	b.Optional, b.DispatchAction = true, true
	return b
}

func (v *Review) choose() slack.Block {
	choices := []choice{
		{ShowReset, fmt.Sprintf("All to reset (%s)", reset.Count(v.resets)), ""},
		{ShowOdd, fmt.Sprintf("Standing out (%s)", reset.Count(v.odd)), ""},
		{ShowSkip, fmt.Sprintf("Skipped (%s)", reset.Count(phrase.Sum(v.skips))), ""},
	}
	pick := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Show"), ReviewShow, optionsOf(choices)...)
	at := slices.IndexFunc(choices, func(c choice) bool { return c.value == v.frame.Show })
	pick.InitialOption = option(choices[at])
	elements := []slack.BlockElement{pick}
	if n := len(v.listed()); !v.frame.Looking && v.frame.Show != ShowSkip && v.frame.Search != "" && n > 0 {
		elements = append(elements, slack.NewButtonBlockElement(ReviewAll, "all", plain("Tick all "+reset.Count(n)+" found")))
	}
	return slack.NewActionBlock("review-"+v.frame.Show, elements...) // under the same ID Slack would keep showing the choice before
}

func (v *Review) position(from, shown, all int) string {
	s := "Nothing found."
	if shown > 0 {
		s = fmt.Sprintf("%s to %s of %s", reset.Count(from+1), reset.Count(from+shown), phrase.Users(all))
	}
	out, err := ParseRows(v.frame.Out)
	if err == nil && len(out) > 0 {
		s += fmt.Sprintf(" · %s ticked to be removed", phrase.Users(len(out)))
	}
	return s
}

// page lists rows: with a box beside each of those that can be taken out. A row is a
// section, which has room for all that is known and shows times in the reader's zone;
// the option of a box has neither.
func (v *Review) page(rows []reset.Target) []slack.Block {
	out, _ := ParseRows(v.frame.Out)
	blocks := make([]slack.Block, 0, len(rows))
	for _, t := range rows {
		b := section(v.about(t))
		if !v.frame.Looking && v.frame.Show != ShowSkip {
			id, box := v.box(t, slices.Contains(out, t.Row))
			b.BlockID, b.Accessory = id, slack.NewAccessory(box)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// box is what one ticks to remove a user; its block has the same ID.
func (v *Review) box(t reset.Target, ticked bool) (id string, box *slack.CheckboxGroupsBlockElement) {
	id = rowsField + FormatRows([]int{t.Row})
	if v.frame.Ticked > 0 {
		id += fmt.Sprintf("~%d", v.frame.Ticked)
	}
	o := option(choice{fmt.Sprint(t.Row), "Remove", ""})
	box = slack.NewCheckboxGroupsBlockElement(id, o)
	if ticked {
		box.InitialOptions = []*slack.OptionBlockObject{o}
	}
	return id, box
}

// nameOf is what a target is called: its login, else what the roster says.
func nameOf(t reset.Target) string {
	return cmp.Or(phrase.Line(t.Login), phrase.Line(t.Input), string(t.User))
}

// about says what is known of a target: who it is, what stands out, and always
// department and factors; mrkdwn.
func (v *Review) about(t reset.Target) string {
	s := phrase.Code(nameOf(t))
	if name := phrase.Line(t.Name); name != "" {
		s += "  " + phrase.Told(phrase.Shorten(name, 60))
	}
	if t.Action != reset.ActionReset {
		s += "\n" + phrase.Ours(phrase.Dotted(phrase.Reason(t.Reason), phrase.Line(t.Detail)))
	} else if odd := standsOut(t, v.request.Plan.FrozenAt); odd != "" {
		s += "\n:warning: " + phrase.Ours(odd)
	}
	if t.User == "" { // nobody in Okta
		return s
	}
	return s + "\n" + phrase.Told(phrase.Dotted(cmp.Or(phrase.Shorten(phrase.Line(t.Department), 80), "no department"), factorsKnown(t)))
}

// factorsKnown are the factors of a target as far as they were read; plain text.
func factorsKnown(t reset.Target) string {
	switch {
	case len(t.Factors) > 0:
		return phrase.Shorten(strings.Join(phrase.Factors(t.Factors), ", "), 200)
	case t.Read:
		return "no MFA set up"
	}
	return "factors not read"
}

// turns are the buttons to other pages, nil if there is one page.
func (v *Review) turns(last int) slack.Block {
	var elements []slack.BlockElement
	if v.frame.Page > 0 {
		elements = append(elements, slack.NewButtonBlockElement(ReviewBack, fmt.Sprint(v.frame.Page-1), plain("Page before")))
	}
	if v.frame.Page < last {
		elements = append(elements, slack.NewButtonBlockElement(ReviewOn, fmt.Sprint(v.frame.Page+1), plain("Next page")))
	}
	if len(elements) == 0 {
		return nil
	}
	return slack.NewActionBlock("review-turn", elements...)
}

// Notice is a modal that only says something, in the place of one that is of no use any more.
func Notice(title, words string) slack.ModalViewRequest {
	return display("notice", Frame{}, title, alert(slack.AlertLevelWarning, words))
}

// News is a modal that says what came of a button in it.
func News(title, words string) slack.ModalViewRequest {
	return display("notice", Frame{}, title, section(words))
}

// ApprovedIn says in the review that the approval counts, and what is still needed.
func ApprovedIn(r *reset.Request) slack.ModalViewRequest {
	return News("Approved", ":white_check_mark: "+ApprovedWords(r))
}

// ApprovedWords says that an approval counts, and what is still needed; mrkdwn.
func ApprovedWords(r *reset.Request) string {
	if r.State == reset.Pending {
		return fmt.Sprintf("Your approval of %s counts; %s.", r.ID, phrase.StillNeeded(r))
	}
	return fmt.Sprintf("Your approval of %s counts. Its thread shows how it goes.", r.ID)
}

// TakenOut answers who removed users from a plan.
func TakenOut(r *reset.Request, n int) Message {
	return Answer(fmt.Sprintf("%s: removed %s. Earlier approvals no longer count.", r.ID, phrase.Users(n)))
}
