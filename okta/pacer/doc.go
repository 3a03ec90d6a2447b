// Package pacer decides when a call to a rate-limited API may leave: at the pace
// of its rate-limit bucket, in its lane's turn, and no more of them at once
// than the server takes. It knows neither HTTP nor Okta's calls.
//
// A call is granted (Acquire), leaves (after Grant.Start, if a record was made before), and
// what came of it is told (Grant.Answer): the bucket's limit, what is left of it, and when
// its window ends.
//
// # How a bucket is paced
//
// Calls are spread evenly: a little less than the limit, divided by the length of
// a window. An even pace is right wherever the windows begin, so the pacer need not
// know that to less than a second. What the headers show as left bounds it: where
// nothing is left to us, the bucket waits for the latest moment at which its window
// can end. The length of a window is in no header. It is the distance between two
// windows that follow each other; before that is known, the time from the answer
// that opened a window to its end. Where that is not known either, or others use the
// bucket too, what is left is spread over what remains of the window.
//
// Which calls share a bucket is a guess of the caller's. Where the answers to one
// endpoint show another limit than the rest, or another end of the window while the
// first is still open, three times, that endpoint gets a bucket of its own.
//
// A 429 that shows room left means that the token has a share of the limit. Calls
// stay a little below what had gone through, and once in a quarter of an hour one
// call goes above it, so that a raised share is noticed.
//
// Once a limit was shown, answers without rate headers are believed to mean that there is
// none any more only where several follow each other through a whole window; until then
// the last pace is kept.
package pacer
