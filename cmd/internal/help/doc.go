// Package help has the pages that "factorbot help TOPIC" shows. Each is a Markdown
// file, so that GitHub renders it too: on a pipe it is written as it is, on a terminal
// with styles. Tests in cmd/factorbot hold the pages to the code.
package help
