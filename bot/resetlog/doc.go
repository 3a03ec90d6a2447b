// Package resetlog reads Okta's System Log, once for all requests, and tells which
// users it tells a reset of ours about. Times are those of Okta's clock.
package resetlog
