package reset

// Standing is what a person may do here.
type Standing struct {
	Person     Person
	Requester  bool
	Approver   bool
	BreakGlass bool       // may approve that protected users are included
	Why        string     // why they may do nothing, or not approve; "" where there is nothing to say
	Away       string     // the service that could not say its part: "Okta"; "" for none
	Channels   []Channel  // where requests are made
	Open       []*Request // theirs that are not settled, newest first
	Waiting    []*Request // those that this person may decide now, newest first
}

// Home is what a person's home tab shows.
type Home struct {
	Standing
	Running   []*Request // of everybody that the person may see: approved, and not settled yet
	Past      []*Request // settled, newest first
	Policy    []string   // in words
	Approvers []Person   // those that the policy names one by one
}

// UserResult is what became of one user in one request.
type UserResult struct {
	Request *Request
	Target  Target
	Step    Progress // final where the request is settled
}
