// Package phrase has the words that the bot's messages are made of: untrusted text
// made safe to show, numbers, times and names as people write them, and what
// outcomes, reasons, states and factors are called. It is pure.
package phrase
