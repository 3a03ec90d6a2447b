package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"factorbot/bot/reset"
)

// Keys. N is a request's number in eight hex digits, so that key order is the
// order of numbers; heads have it inverted, so that the newest comes first.
//
//	meta                     schema version and Okta org
//	copy                     of a backup: when it was taken
//	swept                    the time that the last sweep went by
//	upgrade                  the backup that a migration in progress began with
//	installation             a random name of this record
//	count                    the number of the last request
//	notes                    the number of the last note on a user
//	freeze                   the freeze, while there is one
//	head/~N/head             a request's head
//	head/~N/tail             the number of the last entry of its log
//	rows/N/ROW               its roster: the rows from ROW on
//	plan/N/REVISION/ROW      its plans: the targets from ROW on
//	log/N/SEQ                its log: the entries from SEQ on; the org's own has number 0
//	orgtail                  the number of the last entry of the org's log
//	export/N/PIECE           the file of an export, until it is delivered
//	op/N/HASH                a cause that took effect on the request
//	msg/N/SLOT               a message's reference
//	user/ID                  notes of an Okta user; the claims are in the logs
//	seen/CHANNEL             the last event seen in a channel
//	env/TIME-HASH            an envelope that is not finished, in order of arrival
//	envkey/HASH              the dedupe key of an envelope
//	keep/NAME                a small value of another part of the program
//	lease/NAME               who may write
//	tenure                   the last term of a record that several processes share
const (
	metaKey         = "meta"
	copyKey         = "copy"
	countKey        = "count"
	installationKey = "installation"
	notesKey        = "notes"
	upgradeKey      = "upgrade"
	sweptKey        = "swept"
	freezeKey       = "freeze"
	orgTailKey      = "orgtail"
	tenureKey       = "tenure"
	headPrefix      = "head/"
	opPrefix        = "op/"
	userPrefix      = "user/"
	seenPrefix      = "seen/"
	envPrefix       = "env/"
	envKeys         = "envkey/"
)

const (
	rowsFamily     = "rows/"
	messagesFamily = "msg/"
)

const (
	headSuffix = "/head"
	tailSuffix = "/tail"
)

// requestKeys is the prefix of a request's head and tail.
func requestKeys(n int) string { return fmt.Sprintf("%s%08x", headPrefix, ^uint32(n)) }
func headKey(n int) string     { return requestKeys(n) + headSuffix }

// tailKey is where the number of the last log entry stands.
func tailKey(n int) string {
	if n == 0 {
		return orgTailKey
	}
	return requestKeys(n) + tailSuffix
}

func rowsPrefix(n int) string           { return fmt.Sprintf("%s%08x/", rowsFamily, n) }
func plansPrefix(n int) string          { return fmt.Sprintf("plan/%08x/", n) }
func planPrefix(n, revision int) string { return fmt.Sprintf("%s%08x/", plansPrefix(n), revision) }
func logPrefix(n int) string            { return fmt.Sprintf("log/%08x/", n) }
func opsPrefix(n int) string            { return fmt.Sprintf("%s%08x/", opPrefix, n) }
func messagesPrefix(n int) string       { return fmt.Sprintf("%s%08x/", messagesFamily, n) }
func userKey(u reset.UserID) string     { return userPrefix + string(u) }

// opKey names a cause; causes come from outside and may be of any length.
func opKey(n int, cause string) string { return opsPrefix(n) + hash(cause) }

// hash shortens what comes from outside to what fits into a key.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// numberOf returns the request's number in the key of a head or tail, 0 if it is none.
func numberOf(key string) int {
	rest, _ := strings.CutPrefix(key, headPrefix)
	digits, _, _ := strings.Cut(rest, "/")
	inverted, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return 0
	}
	return int(^uint32(inverted))
}
