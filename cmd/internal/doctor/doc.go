// Package doctor checks an installation and says how to mend it: as a subcommand, and beside the
// start of the bot.
package doctor
