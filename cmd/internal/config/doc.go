// Package config reads the settings of the bot, from defaults, a YAML file, the
// environment and flags, checks them, and turns them into the rules of the policy.
package config
