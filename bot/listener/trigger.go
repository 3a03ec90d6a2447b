package listener

import (
	"maps"
	"sync"
	"time"
)

// triggerLife is how long Slack lets a trigger open a modal.
const triggerLife = 3 * time.Second

// openedLife is how long it is remembered that a modal was opened beside an acknowledgement.
const openedLife = 10 * time.Minute

// triggerIDs keeps the trigger IDs of clicks that a worker may answer with a modal.
// They are not recorded: after a restart they would be too old anyway.
type triggerIDs struct {
	now  func() time.Time
	life time.Duration

	mu   sync.Mutex
	kept map[string]trigger // by the envelope's key
}

type trigger struct {
	id   string
	till time.Time
}

func newTriggerIDs(now func() time.Time, life time.Duration) *triggerIDs {
	return &triggerIDs{now: now, life: life, kept: map[string]trigger{}}
}

// put remembers a trigger ID for as long as it is good.
func (t *triggerIDs) put(key, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	maps.DeleteFunc(t.kept, func(_ string, old trigger) bool { return !now.Before(old.till) })
	t.kept[key] = trigger{id: id, till: now.Add(t.life)}
}

// take returns the trigger of an envelope, once, "" if there is none that is good.
func (t *triggerIDs) take(key string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	got, ok := t.kept[key]
	delete(t.kept, key)
	if !ok || !t.now().Before(got.till) {
		return ""
	}
	return got.id
}
