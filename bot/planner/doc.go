// Package planner turns a roster into a frozen plan: it resolves the rows against
// Okta, says who is protected, what overlaps with other requests, what stands out and
// what it costs, and asks the policy for the terms. It moves no request.
package planner
