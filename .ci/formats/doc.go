// Package formats holds what the repository writes for other programs against
// those programs' own parsers: the Dockerfile against BuildKit's, the alert rules
// against Prometheus's, the compose file against Compose's, the unit against
// systemd's, the objects for Kubernetes against its schemas, the workflows against
// actionlint. It is a module of its own, so that their dependencies are not the bot's.
package formats
