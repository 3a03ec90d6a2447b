package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// is says whether the record is that of the org at an address, whose ID may be known.
// Where both IDs are known they decide; else the address has to be one of the record's.
func (m meta) is(address, id string) bool {
	if m.OrgID != "" && id != "" {
		return m.OrgID == id
	}
	return sameAddress(address, m.Org) || m.Address != "" && sameAddress(address, m.Address)
}

// sameAddress compares two URLs of an org; a default port is none.
func sameAddress(a, b string) bool { return address(a) == address(b) }

func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil || u.Scheme+port != "https443" && u.Scheme+port != "http80" {
		host = u.Host
	}
	return u.Scheme + "://" + strings.ToLower(host)
}

// BindOrg binds the record to the org's ID, once it is known. Another org is an
// *[OrgError]. That the org was found at another address than before is a fact in its log.
func (t *Term) BindOrg(ctx context.Context, id, address string) error {
	return t.inTurn(ctx, func() error {
		m, rev, err := t.meta(ctx)
		if err != nil {
			return fmt.Errorf("bind the record to the org: %w", err)
		}
		moved, err := m.bind(id, address)
		if err != nil || !moved && m.OrgID == id {
			return err
		}
		m.OrgID = id
		var facts []reset.Fact
		if moved {
			m.Address = address
			facts = []reset.Fact{{Name: "org_address", At: t.now(), Detail: map[string]string{"address": address, "org_id": id, "record": m.Org}}}
		}
		value, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("bind the record to the org: %w", err)
		}
		_, err = t.write(ctx, changeSet{conds: []kv.Cond{{Key: metaKey, Rev: rev}}, facts: facts, ops: always(kv.Put(metaKey, value))})
		return err
	})
}

// meta reads what the record says of itself.
func (r *Reader) meta(ctx context.Context) (m meta, rev int64, err error) {
	rev, err = r.readJSON(ctx, metaKey, &m)
	if err == nil && rev == 0 {
		err = ErrNoRecord
	}
	return m, rev, err
}

// bind says whether the org was found at another address than before.
func (m meta) bind(id, address string) (moved bool, err error) {
	if m.OrgID != "" && m.OrgID != id {
		return false, &OrgError{Path: "the record", Recorded: m.Org + " (" + m.OrgID + ")", Asked: address + " (" + id + ")"}
	}
	last := m.Address
	if last == "" {
		last = m.Org
	}
	return !sameAddress(last, address), nil
}
