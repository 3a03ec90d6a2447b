package listener

import (
	"context"

	"factorbot/bot/event"
	"factorbot/bot/workqueue"
)

// pressed records and acknowledges what opens or changes a modal, and does
// that, unless the same envelope has come on the other socket.
func (s *socket) pressed(ctx context.Context, id string, e *event.Event, show func(context.Context)) {
	s.modals.put(e.Key, "opened")
	fresh, recorded := s.record(ctx, e)
	if !recorded {
		return
	}
	if fresh {
		s.beside.Add(ctx, e.Key, workqueue.Once(func() { show(ctx) }))
	}
	s.ack(ctx, id, nil)
}

// submitted checks a form. A form with a mistake is answered at its field and
// not recorded: its next submission would have the same key.
func (s *socket) submitted(ctx context.Context, id string, e *event.Event) {
	short, cancel := context.WithTimeout(ctx, checkTime)
	answer, keep := s.Handler.Check(short, e)
	cancel()
	if keep {
		if _, recorded := s.record(ctx, e); !recorded {
			return
		}
	}
	if answer == nil {
		s.ack(ctx, id, nil)
		return
	}
	s.ack(ctx, id, answer)
}

// suggest answers what is typed into a field whose choices are too many to list.
func (s *socket) suggest(ctx context.Context, id string, e *event.Event) {
	short, cancel := context.WithTimeout(ctx, checkTime)
	offered := s.Handler.Suggest(short, e)
	cancel()
	s.ack(ctx, id, map[string]any{"options": offered})
}
