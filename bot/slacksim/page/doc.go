// Package page shows a simulated Slack in a browser: templates, script and style, and
// the rendering of messages, blocks and inputs to HTML. It knows nothing of the
// workspace: what it shows is given to it.
package page
