package people

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Shelf keeps small values by name, for longer than the process lives.
type Shelf interface {
	PutValue(ctx context.Context, name string, value []byte) error
	// Value returns nil where nothing was put.
	Value(ctx context.Context, name string) ([]byte, error)
}

const (
	// saidKey is the name on the shelf of what Okta said of people.
	saidKey = "okta-said"
	// saidMost bounds of how many people that is kept; the oldest give way.
	saidMost = 500
	// saidEvery is how often it is written again where it has not changed.
	saidEvery = time.Hour
	// clockSteps is by how much later than now something may seem to have been said,
	// where the clock was set back since.
	clockSteps = 10 * time.Minute
)

// saying is what Okta said of a person.
type saying struct {
	Kin     []reset.UserID      `json:"kin"`
	Account *policy.OktaAccount `json:"account"`
	At      time.Time           `json:"at"`
}

// memory is what Okta said of people within a day, kept in the record: those that an
// Okta group alone makes approvers stop things also where the bot was started again
// while Okta is away.
type memory struct {
	mu   sync.Mutex
	read bool
	said map[reset.Person]saying
}

// remember keeps what Okta said of a person, where the policy asks Okta. That it cannot
// be kept holds nobody up.
func (p *Directory) remember(ctx context.Context, id reset.Person, part entry[oktaPart]) {
	if p.Shelf == nil || part.value.account == nil || !p.Rules().AsksOkta() {
		return
	}
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if err := p.recallAll(ctx); err != nil {
		p.Log.Warn("what Okta said of people cannot be read from the record", "err", err)
		return
	}
	now := saying{part.value.kin, part.value.account, part.at.Round(0)}
	old, known := p.memory.said[id]
	if known && reflect.DeepEqual(old.Kin, now.Kin) && reflect.DeepEqual(old.Account, now.Account) && now.At.Sub(old.At).Abs() < saidEvery {
		return
	}
	p.memory.said[id] = now
	p.forget()
	value, err := json.Marshal(p.memory.said)
	if err == nil {
		err = p.Shelf.PutValue(ctx, saidKey, value)
	}
	if err != nil {
		delete(p.memory.said, id) // so that the next answer is written
		p.Log.Warn("what Okta said of a person cannot be kept", "user", id, "err", err)
	}
}

// forget takes out what is too old, and the oldest where there is too much.
func (p *Directory) forget() {
	for id, s := range p.memory.said {
		if !s.counts() {
			delete(p.memory.said, id)
		}
	}
	for len(p.memory.said) > saidMost {
		var oldest reset.Person
		for id, s := range p.memory.said {
			if o, ok := p.memory.said[oldest]; !ok || s.At.Before(o.At) {
				oldest = id
			}
		}
		delete(p.memory.said, oldest)
	}
}

// counts reports whether it was said within a day.
func (s saying) counts() bool {
	age := time.Since(s.At)
	return age > -clockSteps && age < oktaKept
}

// recalled returns what Okta said of a person within a day, as far as the record knows.
func (p *Directory) recalled(ctx context.Context, id reset.Person) (oktaPart, bool) {
	if p.Shelf == nil {
		return oktaPart{}, false
	}
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if err := p.recallAll(ctx); err != nil {
		p.Log.Warn("what Okta said of people cannot be read from the record", "err", err)
		return oktaPart{}, false
	}
	s, ok := p.memory.said[id]
	return oktaPart{s.Kin, s.Account}, ok && s.counts()
}

// recallAll reads the record, once. The memory is locked.
func (p *Directory) recallAll(ctx context.Context) error {
	if p.memory.read {
		return nil
	}
	value, err := p.Shelf.Value(ctx, saidKey)
	if err != nil {
		return err
	}
	said := map[reset.Person]saying{}
	if len(value) > 0 {
		if err := json.Unmarshal(value, &said); err != nil {
			return err
		}
	}
	p.memory.said, p.memory.read = said, true
	return nil
}
