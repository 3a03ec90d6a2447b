// Package oktasim is a simulated Okta org: an http.Handler that answers the
// part of Okta's management API which resetting factors touches, with Okta's
// error bodies, rate-limit headers, buckets, paging and System Log, and that
// keeps books of what was done to it.
//
// It is held to Okta's own documents (the OpenAPI description, the list of
// error codes and the bucket map of Okta's Terraform provider; see testdata
// and buckets.tsv), not to what some client happens to send. Where the
// documents are silent the comment at the code says what was assumed.
//
// # Adding an endpoint
//
// GET /api/v1/groups/{id} is the example to follow: getGroup in groups.go; getOrg in
// orginfo.go is one without a name in its path. Put the operation of Okta's OpenAPI
// description of the management API (okta/okta-management-openapi-spec, or the one in a
// release of okta-sdk-golang) into testdata/okta-openapi.json, with the schemas that it
// names and without texts and examples. Write a method of call beside its kin that
// returns an answer, with Okta's own error where it refuses, and enter it into the table
// in route.go, with the scope that the description names; "with" looks up what the path
// names. Its rate limit comes from buckets.tsv, where a path that is missing counts with
// /api/v1: look it up in the provider's list. TestRoutes_are_those_of_the_description
// holds the table to the description, and TestContract calls it and validates the answer:
// add a call there. Nothing outside this folder is needed unless the bot calls it.
//
// # Caveats
//
// An Org lives in memory and forgets everything at the end. It enforces no
// enrolment policies, and of roles only that a super administrator is reset by
// nobody but a super administrator. Dropped connections need an HTTP/1
// server; [Org.Transport] imitates them without one, also inside a
// testing/synctest bubble.
package oktasim
