package store

import (
	"context"
	"encoding/json"
	"fmt"

	"factorbot/bot/reset"
)

// dropClaims is the step from schema version 2, where a user's record held the claim
// beside the notes. The logs of the requests that are not settled say the same. An
// earlier program would not look there, so it must not open the record any more.
func dropClaims(ctx context.Context, s *Store) error {
	for p, err := range scan(ctx, s.engine, userPrefix, 100) {
		if err != nil {
			return err
		}
		c := card{rev: p.rev}
		if err := json.Unmarshal(p.value, &c.user); err != nil {
			return fmt.Errorf("%s: %w", p.key, err)
		}
		if c.user.Claim == nil {
			continue
		}
		c.user.User = reset.UserID(p.key[len(userPrefix):])
		o, err := c.op()
		if err != nil {
			return err
		}
		if _, err := s.engine.commit(ctx, []cond{{p.key, p.rev}}, o); err != nil {
			return err
		}
	}
	return nil
}
