// Package bench measures the bot beside a loop over the Okta SDK: both reset the same
// users under the same limits, each as a process of its own.
package bench
