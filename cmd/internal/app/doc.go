// Package app runs the bot as a process: it opens the record and the clients, joins the parts,
// starts and stops them in order, serves health, reloads the policy, cleans up and
// makes backups. It is the one place that knows all parts.
package app
