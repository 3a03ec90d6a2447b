package announcer

import (
	"errors"
	"factorbot/bot/reset"
	"testing"
)

func TestPersonalSlots(t *testing.T) {
	kind, revision, who, ok := parsePersonal(personal(reset.SlotAsk, 12, "U_A-B"))
	if kind != reset.SlotAsk || revision != 12 || who != "U_A-B" || !ok {
		t.Errorf("%s %d %s %v", kind, revision, who, ok)
	}
	for _, s := range []reset.Slot{"approval", "plan-2", "pause-17", "asked-1", "ask-x-U1", "ask-1-"} {
		if _, _, _, ok := parsePersonal(s); ok {
			t.Errorf("%s is taken for a direct message", s)
		}
	}
	if lostWords(errors.New("away")) != "" {
		t.Error("an outage is taken for a lost channel")
	}
}
