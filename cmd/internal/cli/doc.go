// Package cli is what every subcommand needs: what a program is given besides its
// arguments, flags, output as JSON, the error for a setting or an argument
// that somebody has to change, and the version of the running program.
package cli
