package reset_test

import (
	"errors"
	"testing"

	"factorbot/bot/reset"
)

func TestFreeze_Thaw(t *testing.T) {
	const okta = reset.UserID("00u00000000000000001")
	type press struct {
		by     reset.Person
		okta   reset.UserID
		lifted bool
		want   error
	}
	tests := []struct {
		name       string
		configured int
		presses    []press
	}{
		{"two persons", 2, []press{{first, "", false, nil}, {second, "", true, nil}}},
		{"one person twice", 2, []press{{first, "", false, nil}, {first, "", false, reset.ErrAlreadyCounted}}},
		{"one person by two Slack accounts", 2, []press{{first, okta, false, nil}, {second, okta, false, reset.ErrAlreadyCounted}, {"U_THIRD", "", true, nil}}},
		{"the only approver", 1, []press{{first, "", true, nil}}},
		{"nobody knows how many there are", 0, []press{{first, "", true, nil}}},
		{"many are configured, two suffice", 9, []press{{first, "", false, nil}, {second, "", true, nil}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &reset.Freeze{By: first, At: start}
			for i, p := range tt.presses {
				lifted, err := f.Thaw(reset.Decision{By: p.by, Okta: p.okta}, tt.configured, start)
				if lifted != p.lifted || !errors.Is(err, p.want) {
					t.Fatalf("press %d: lifted %v, %v", i, lifted, err)
				}
			}
		})
	}
}
