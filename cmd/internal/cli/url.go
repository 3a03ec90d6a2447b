package cli

import (
	"context"
	"errors"
	"net/url"
)

// WithoutURL is an error without the address that it concerns, which may be a secret.
func WithoutURL(err error) string {
	var u *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &u):
		return u.Err.Error()
	}
	return err.Error()
}
