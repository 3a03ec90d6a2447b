package listener

import (
	"testing"
	"time"
)

func TestTriggers(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	tr := newTriggerIDs(func() time.Time { return now }, triggerLife)
	tr.put("a", "1")
	tr.put("b", "2")
	if tr.take("a") != "1" || tr.take("a") != "" || tr.take("c") != "" {
		t.Error("a trigger is good once")
	}
	now = now.Add(triggerLife)
	if tr.take("b") != "" {
		t.Error("an old trigger was given")
	}
	tr.put("d", "3")
	tr.put("e", "4")
	now = now.Add(triggerLife)
	tr.put("f", "5")
	if len(tr.kept) != 1 {
		t.Errorf("%d old triggers are kept", len(tr.kept))
	}
}
