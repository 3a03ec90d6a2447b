package oktasim

import (
	"reflect"
	"slices"
	"unicode"
)

// getOrg is GET /org.
func (c *call) getOrg() answer {
	since := c.org.stamp(c.org.groups[0].created)
	return ok(map[string]any{"id": c.org.id, "companyName": "Example", "subdomain": "example", "status": "ACTIVE",
		"website": "https://example.com", "created": since, "lastUpdated": since,
		"_links": map[string]any{"logo": href{Href: c.base() + "/api/v1/org/logo"}}})
}

// wellKnown is /.well-known/okta-organization, which anybody may read: the
// pipeline is idx on Identity Engine and v1 on Classic.
func (c *call) wellKnown() answer {
	pipeline := "v1"
	if c.org.set.Engine == Identity {
		pipeline = "idx"
	}
	return ok(map[string]any{"id": c.org.id, "pipeline": pipeline, "settings": map[string]any{},
		"_links": map[string]any{"organization": href{Href: c.base()}}})
}

// ownAttributes are those that the org has added to the base profile, with their types.
func ownAttributes() map[string]string {
	return map[string]string{"building": "string", "deskNumber": "integer", "partTime": "boolean"}
}

// learn takes the attributes of a given profile that are not base ones into
// the schema.
func (o *Org) learn(profile map[string]any) {
	for name, value := range profile {
		if slices.Contains(baseAttributes, name) || value == nil {
			continue
		}
		switch reflect.TypeOf(value).Kind() {
		case reflect.Bool:
			o.custom[name] = "boolean"
		case reflect.Slice:
			o.custom[name] = "array"
		case reflect.String:
			o.custom[name] = "string"
		default:
			o.custom[name] = "number"
		}
	}
}

// getSchema is GET /meta/schemas/user/{schemaId}; the org has the default one.
func (c *call) getSchema() answer {
	if c.params[0] != "default" {
		return notFound(c.params[0], "UserSchema").answer()
	}
	base, custom := map[string]any{}, map[string]any{}
	for _, name := range baseAttributes {
		base[name] = attributeBody(name, "string", slices.Contains([]string{"login", "email", "firstName", "lastName"}, name))
	}
	for name, kind := range c.org.custom {
		custom[name] = attributeBody(name, kind, false)
	}
	since := c.org.stamp(c.org.groups[0].created)
	self := c.base() + "/api/v1/meta/schemas/user/default"
	return ok(map[string]any{
		"id": self, "$schema": "http://json-schema.org/draft-04/schema#", "name": "user", "title": "User", "type": "object",
		"created": since, "lastUpdated": since, "_links": map[string]any{"self": href{Href: self}},
		"definitions": map[string]any{
			"base":   map[string]any{"id": "#base", "type": "object", "properties": base, "required": []string{"login", "email", "firstName", "lastName"}},
			"custom": map[string]any{"id": "#custom", "type": "object", "properties": custom, "required": []string{}},
		},
		"properties": map[string]any{"profile": map[string]any{"allOf": []map[string]string{{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}}}},
	})
}

// attributeBody is one attribute of the schema. "unique" is left out: Okta's description
// calls it a boolean, its SDK for Go (v5) a string, and the default schema has none.
func attributeBody(name, kind string, required bool) map[string]any {
	body := map[string]any{"title": title(name), "type": kind, "mutability": "READ_WRITE", "scope": "NONE",
		"permissions": []map[string]string{{"principal": "SELF", "action": "READ_ONLY"}}, "master": map[string]string{"type": "PROFILE_MASTER"}}
	if required { // recorded schemas do not say false
		body["required"] = true
	}
	if name == "email" {
		body["format"] = "email"
	}
	return body
}

// title is a camelCase name in words, as the console shows it.
func title(name string) string {
	if known := map[string]string{"login": "Username", "email": "Primary email", "secondEmail": "Secondary email"}[name]; known != "" {
		return known
	}
	words := []rune{}
	for i, r := range name {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case unicode.IsUpper(r):
			words = append(words, ' ')
			r = unicode.ToLower(r)
		}
		words = append(words, r)
	}
	return string(words)
}
