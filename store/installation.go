package store

import (
	"context"
	"crypto/rand"
	"fmt"
)

// Installation returns a random name of this record, the same for its whole
// life: 26 letters and digits. Calls to Okta carry it, so that they are told
// from those of other programs in the System Log. It is no secret.
func (t *Term) Installation(ctx context.Context) (string, error) {
	var name string
	err := again(ctx, func() error {
		p, err := get(ctx, t.engine, installationKey)
		if err != nil || p.rev != 0 {
			name = string(p.value)
			return err
		}
		name = rand.Text()
		_, err = t.commit(ctx, []cond{absent(installationKey)}, put(installationKey, []byte(name)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("name the installation: %w", err)
	}
	return name, nil
}
