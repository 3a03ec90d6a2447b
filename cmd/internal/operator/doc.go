// Package operator is both ends of the operators' socket, and the subcommands that use it or the
// record's file: requests, backup, audit, health.
package operator
