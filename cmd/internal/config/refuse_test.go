package config

import (
	"strings"
	"testing"
)

// refusal is one wrong setting and the error that names it.
type refusal struct {
	over   map[string]string
	policy string // instead of goodPolicy; with a leading "+" added to it
	args   []string
	name   string
	says   string
}

func only(name, value string) map[string]string { return map[string]string{name: value} }

func runRefusals(t *testing.T, cases map[string]refusal) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy := c.policy
			if more, ok := strings.CutPrefix(policy, "+"); ok || policy == "" {
				policy = goodPolicy + more
			}
			_, err := load(t, c.over, policy, c.args...)
			assertSetting(t, err, c.name, c.says)
		})
	}
}

func TestLoad_refusesTokens(t *testing.T) {
	runRefusals(t, map[string]refusal{
		"no app token":           {over: only("SLACK_APP_TOKEN", ""), name: "SLACK_APP_TOKEN", says: "is missing"},
		"no bot token":           {over: only("SLACK_BOT_TOKEN", ""), name: "SLACK_BOT_TOKEN", says: "is missing"},
		"tokens exchanged":       {over: only("SLACK_APP_TOKEN", "xoxb-"+canary), name: "SLACK_APP_TOKEN", says: "must start with xapp-"},
		"user token":             {over: only("SLACK_BOT_TOKEN", "xoxp-"+canary), name: "SLACK_BOT_TOKEN", says: "must start with xoxb-"},
		"token with a blank":     {over: only("SLACK_BOT_TOKEN", "xoxb-"+canary+" x"), name: "SLACK_BOT_TOKEN", says: "blanks"},
		"token with a control":   {over: only("SLACK_BOT_TOKEN", "xoxb-"+canary+"\nx"), name: "SLACK_BOT_TOKEN", says: "control"},
		"no Okta token":          {over: only("OKTA_API_TOKEN", ""), name: "OKTA_API_TOKEN", says: "is missing"},
		"Okta token with scheme": {over: only("OKTA_API_TOKEN", "SSWS "+canary), name: "OKTA_API_TOKEN", says: "without SSWS"},
		"token and app":          {over: only("OKTA_CLIENT_ID", "0oa"+canary), name: "OKTA_API_TOKEN", says: "OKTA_CLIENT_ID too"},
		"token and key":          {over: only("OKTA_PRIVATE_KEY", canary), name: "OKTA_API_TOKEN", says: "OKTA_PRIVATE_KEY too"},
		"token and key ID":       {over: only("OKTA_PRIVATE_KEY_ID", canary), name: "OKTA_PRIVATE_KEY_ID", says: "no use"},
		"app without key": {
			over: map[string]string{"OKTA_API_TOKEN": "", "OKTA_CLIENT_ID": "0oa" + canary}, name: "OKTA_PRIVATE_KEY", says: "is missing",
		},
		"key without app": {
			over: map[string]string{"OKTA_API_TOKEN": "", "OKTA_PRIVATE_KEY": canary}, name: "OKTA_CLIENT_ID", says: "is missing",
		},
		"secret twice":        {over: only("OKTA_API_TOKEN_FILE", "/dev/null"), name: "OKTA_API_TOKEN", says: "OKTA_API_TOKEN_FILE too"},
		"secret file missing": {over: only("FACTORBOT_WEBHOOK_SECRET_FILE", "/no/such/"+canary), name: "FACTORBOT_WEBHOOK_SECRET_FILE", says: "does not exist"},
		"secret file empty":   {over: only("FACTORBOT_WEBHOOK_SECRET_FILE", "/dev/null"), name: "FACTORBOT_WEBHOOK_SECRET_FILE", says: "is empty"},
		"secret file endless": {over: only("FACTORBOT_WEBHOOK_SECRET_FILE", "/dev/zero"), name: "FACTORBOT_WEBHOOK_SECRET_FILE", says: "too large"},
		"secret file is a folder": {
			over: only("FACTORBOT_WEBHOOK_SECRET_FILE", "/"), name: "FACTORBOT_WEBHOOK_SECRET_FILE", says: "cannot be read",
		},
	})
}

func TestLoad_refusesPlaces(t *testing.T) {
	okta := func(u, says string) refusal {
		return refusal{over: only("OKTA_ORG_URL", u), name: "OKTA_ORG_URL", says: says}
	}
	slack := func(u, says string) refusal {
		return refusal{over: only("SLACK_API_URL", u), name: "SLACK_API_URL", says: says}
	}
	runRefusals(t, map[string]refusal{
		"no org":                  okta("", "is missing"),
		"org without scheme":      okta("example.okta.com", "is not a URL"),
		"org with another one":    okta("ftp://example.okta.com", "https://"),
		"org in plain http":       okta("http://example.okta.com", "loopback"),
		"loopback look-alike":     okta("http://127.0.0.1.example.com", "loopback"),
		"localhost look-alike":    okta("http://localhost.example.com", "loopback"),
		"org with a path":         okta("https://example.okta.com/api/v1", "without a path"),
		"org with a query":        okta("https://example.okta.com?"+canary, "query"),
		"org with a fragment":     okta("https://example.okta.com#", "fragment"),
		"org with a password":     okta("https://bot:"+canary+"@example.okta.com", "password"),
		"org with a bad escape":   okta("https://example.okta.com/%zz"+canary, "is not a URL"),
		"org with a control":      okta("https://example.okta.com/\x01"+canary, "is not a URL"),
		"admin console":           okta("https://example-admin.okta.com", "leave out -admin"),
		"admin console, any case": okta("https://Example-ADMIN.OktaPreview.com", "leave out -admin"),
		"admin console in EMEA":   okta("https://example-admin.okta-emea.com", "leave out -admin"),
		"admin console, gov":      okta("https://example-admin.okta-gov.com", "leave out -admin"),
		"admin console, mil":      okta("https://example-admin.okta.mil", "leave out -admin"),
		"Slack in plain http":     slack("http://slack.com/api/", "loopback"),
		"Slack without path":      slack("https://slack.com", "/api/"),
		"Slack with dots":         slack("https://slack.com/api/../x", "odd path"),
		"Slack with two slashes":  slack("https://slack.com//api/", "odd path"),
		"Slack with an escape":    slack("https://slack.com/api%2f", "odd path"),
		"database elsewhere":      {over: only("FACTORBOT_DB", "etcd://"+canary+":2379"), name: "FACTORBOT_DB", says: "which takes TLS"},
		"etcd without a port":     {over: only("FACTORBOT_DB", "etcd://localhost"), name: "FACTORBOT_DB", says: "HOST:PORT"},
		"etcd without hosts":      {over: only("FACTORBOT_DB", "etcd:///factorbot"), name: "FACTORBOT_DB", says: "HOST:PORT"},
		"another database":        {over: only("FACTORBOT_DB", "postgres://localhost/"), name: "FACTORBOT_DB", says: "not available"},
		"no database":             {args: []string{"--db="}, name: "FACTORBOT_DB", says: "path"},
		"address without port":    {over: only("FACTORBOT_HTTP_ADDR", "localhost"), name: "FACTORBOT_HTTP_ADDR", says: "HOST:PORT"},
		"port out of range":       {over: only("FACTORBOT_HTTP_ADDR", "localhost:65536"), name: "FACTORBOT_HTTP_ADDR", says: "HOST:PORT"},
		"port by name":            {over: only("FACTORBOT_HTTP_ADDR", "localhost:"+canary), name: "FACTORBOT_HTTP_ADDR", says: "HOST:PORT"},
	})
}

func TestLoad_refusesPolicy(t *testing.T) {
	runRefusals(t, map[string]refusal{
		"no channel":            {policy: "approvers: {users: [U1ABC]}", name: "channels", says: "is missing"},
		"empty channels":        {policy: "channels: []\napprovers: {users: [U1ABC]}", name: "channels", says: "is missing"},
		"no approver":           {policy: "channels: [C_FACTORS]", name: "approvers", says: "is missing"},
		"empty approvers":       {policy: "channels: [C_FACTORS]\napprovers: {users: []}", name: "approvers", says: "is missing"},
		"channel by name":       {policy: "channels: [C_FACTORS, '#resets']\napprovers: {users: [U1ABC]}", name: "channels", says: "entry 2 is not a channel ID"},
		"channel twice":         {policy: "channels: [C_A1, C_B1, C_A1]\napprovers: {users: [U1ABC]}", name: "channels", says: "entry 3 is the same as entry 1"},
		"token as channel":      {policy: "channels: [xoxb-" + canary + "]\napprovers: {users: [U1ABC]}", name: "channels", says: "entry 1"},
		"DM as channel":         {policy: "channels: [D0123456]\napprovers: {users: [U1ABC]}", name: "channels", says: "entry 1"},
		"approver by name":      {policy: "channels: [C_FACTORS]\napprovers: {users: [ana@example.com]}", name: "approvers.users", says: "entry 1 is not a Slack user ID"},
		"group as approver":     {policy: "channels: [C_FACTORS]\napprovers: {users: [S0123456]}", name: "approvers.users", says: "entry 1"},
		"user as group":         {policy: "channels: [C_FACTORS]\napprovers: {usergroups: [U0123456]}", name: "approvers.usergroups", says: "entry 1"},
		"Okta group by name":    {policy: "channels: [C_FACTORS]\napprovers: {okta_groups: [Everyone]}", name: "approvers.okta_groups", says: "entry 1"},
		"protected with slash":  {policy: "+protect: {users: [a/b]}", name: "protect.users", says: "entry 1"},
		"no approvals":          {policy: "+approvals: 0", name: "approvals", says: "at least 1"},
		"too many approvals":    {policy: "+approvals: 99", name: "approvals", says: "more approvals than"},
		"negative large batch":  {policy: "+large_batch: {over: -1}", name: "large_batch.over", says: "at least 0"},
		"no targets":            {policy: "+max_targets: 0", name: "max_targets", says: "at least 1"},
		"never pauses":          {policy: "+on_errors: {pause_after: 0}", name: "on_errors.pause_after", says: "at least 1"},
		"expires at once":       {policy: "+expires_after: 0", name: "expires_after", says: "unit"},
		"expires before":        {policy: "+expires_after: -1h", name: "expires_after", says: "at least 1s"},
		"zero time":             {policy: "+execute_within: 0s", name: "execute_within", says: "at least 1s"},
		"reserve everything":    {policy: "+okta: {reserve: 91}", name: "okta.reserve", says: "0 to 90"},
		"negative reserve":      {policy: "+okta: {reserve: -1}", name: "okta.reserve", says: "0 to 90"},
		"nobody calls":          {policy: "+okta: {concurrency: 0}", name: "okta.concurrency", says: "from 1"},
		"everybody calls":       {policy: "+okta: {concurrency: 65}", name: "okta.concurrency", says: "from 1 to 64"},
		"negative lag":          {policy: "+okta: {log_lag: -1s}", name: "okta.log_lag", says: "negative"},
		"negative settle":       {policy: "+okta: {settle_after: -1s}", name: "okta.settle_after", says: "negative"},
		"unknown word":          {policy: "+protect: {admins: maybe}", name: "protect.admins", says: "list, each, off"},
		"unknown verify":        {policy: "+verify: always", name: "verify", says: "log, each, off"},
		"no regular expression": {policy: "+reason_pattern: '" + canary + "('", name: "reason_pattern", says: "missing closing )"},
		"ramp of nobody":        {policy: "+ramp: [1, 0]", name: "ramp", says: "entry 2"},
		"approvals from no one": {policy: "+approvals_from: [[S0123], []]", name: "approvals_from entry 2", says: "names nobody"},
		"approvals from nobody": {policy: "+approvals_from: [[S0123], [U0123]]", name: "approvals_from entry 2", says: "entry 1"},
	})
}

func TestLoad_refusesWebhook(t *testing.T) {
	hook := func(url string) string { return "+alerts: {webhook: '" + url + "'}" }
	runRefusals(t, map[string]refusal{
		"no secret":     {policy: hook("https://siem.example.com/in/" + canary), name: "FACTORBOT_WEBHOOK_SECRET", says: "is missing"},
		"short secret":  {over: only("FACTORBOT_WEBHOOK_SECRET", "hunter2"), policy: hook("https://siem.example.com/"), name: "FACTORBOT_WEBHOOK_SECRET", says: "16 characters"},
		"plain http":    {over: only("FACTORBOT_WEBHOOK_SECRET", canary+canary), policy: hook("http://siem.example.com/" + canary), name: "alerts.webhook", says: "loopback"},
		"no URL":        {over: only("FACTORBOT_WEBHOOK_SECRET", canary+canary), policy: hook(canary), name: "alerts.webhook", says: "is not a URL"},
		"with password": {over: only("FACTORBOT_WEBHOOK_SECRET", canary+canary), policy: hook("https://u:" + canary + "@siem.example.com/"), name: "alerts.webhook", says: "password"},
		"fragment":      {over: only("FACTORBOT_WEBHOOK_SECRET", canary+canary), policy: hook("https://siem.example.com/?a=b#" + canary), name: "alerts.webhook", says: "fragment"},
	})
}

func TestLoad_refusesFiles(t *testing.T) {
	runRefusals(t, map[string]refusal{
		"misspelt key":         {policy: "+max_target: 5", name: "max_target", says: "did you mean max_targets?"},
		"misspelt nested key":  {policy: "+large_batch: {ovre: 5}", name: "large_batch.ovre", says: "did you mean large_batch.over?"},
		"dashes":               {policy: "+max-targets: 5", name: "max-targets", says: "did you mean max_targets?"},
		"another case":         {policy: "+Verify: log", name: "Verify", says: "did you mean verify?"},
		"key of nothing":       {policy: "+zzzzzzzzzzzz: 5", name: "zzzzzzzzzzzz", says: "is not a key"},
		"dotted key":           {policy: "+protect.users: [ceo@example.com]", name: "protect.users", says: "is not a key"},
		"number as key":        {policy: "+5: x", name: "5", says: "is not a key"},
		"key of several lines": {policy: "+\"a\\nb\": 5", name: "a b", says: "is not a key"},
		"secret in the file":   {policy: "+okta: {api_token: " + canary + "}", name: "okta.api_token", says: "OKTA_API_TOKEN_FILE"},
		"token in the file":    {policy: "+slack: {bot_token: xoxb-" + canary + "}", name: "slack.bot_token", says: "SLACK_BOT_TOKEN"},
		"only a token":         {policy: "xoxb-" + canary, name: "FACTORBOT_CONFIG", says: "keys and values"},
		"a list":               {policy: "[" + canary + "]", name: "FACTORBOT_CONFIG", says: "keys and values"},
		"broken YAML":          {policy: "+verify: [" + canary, name: "FACTORBOT_CONFIG", says: "not valid YAML: see line"},
		"key twice":            {policy: "+verify: log\nverify: log", name: "verify", says: "is there twice"},
		"merged":               {policy: "+okta: &a {reserve: 5}\nbackup: {<<: *a}", name: "backup<<", says: "merging"},
		"aliases of aliases":   {policy: "+approvals_from: [&a [" + strings.Repeat("S_ONE, ", 999) + "S_ONE], " + strings.Repeat("*a, ", 200) + "*a]", name: "FACTORBOT_CONFIG", says: "100,000 values"},
		"two documents":        {policy: "+---\nverify: log", name: "FACTORBOT_CONFIG", says: "several YAML documents"},
		"Latin-1":              {policy: "+# caf\xe9", name: "FACTORBOT_CONFIG", says: "not UTF-8"},
		"too large":            {policy: "+# " + strings.Repeat("x", maxPolicyBytes), name: "FACTORBOT_CONFIG", says: "over 1 MiB"},
		"no value":             {policy: "+max_targets:", name: "max_targets", says: "no value"},
		"text as number":       {policy: "+max_targets: '5'", name: "max_targets", says: "whole number"},
		"fraction as number":   {policy: "+max_targets: 5.5", name: "max_targets", says: "whole number"},
		"text as boolean":      {policy: "+require_reason: 'yes'", name: "require_reason", says: "true or false"},
		"number as text":       {policy: "+reason_pattern: 5", name: "reason_pattern", says: "quotes"},
		"number as time":       {policy: "+expires_after: 24", name: "expires_after", says: "unit"},
		"time without unit":    {policy: "+expires_after: '24'", name: "expires_after", says: "unit"},
		"time too long":        {policy: "+expires_after: 400000d", name: "expires_after", says: "unit"},
		"one value as list":    {policy: "channels: C_FACTORS\napprovers: {users: [U0123]}", name: "channels", says: "must be a list"},
		"number in a list":     {policy: "channels: [5]\napprovers: {users: [U0123]}", name: "channels entry 1", says: "quotes"},
		"nothing in a list":    {policy: "channels: [C_FACTORS, ]\napprovers: {users: [~]}", name: "approvers.users entry 1", says: "no value"},
		"value as mapping":     {policy: "channels: [C_FACTORS]\napprovers: [U0123]", name: "approvers", says: "mapping"},
		"no file":              {over: only("FACTORBOT_CONFIG", "x"), args: []string{"--config=/no/such/" + canary}, name: "FACTORBOT_CONFIG", says: "does not exist"},
		"file is a folder":     {args: []string{"--config=/"}, name: "FACTORBOT_CONFIG", says: "cannot be read"},
	})
}

func TestLoad_refusesFlags(t *testing.T) {
	runRefusals(t, map[string]refusal{
		"misspelt":          {args: []string{"--http-adr=x"}, name: "--http-adr", says: "did you mean --http-addr?"},
		"a key of the file": {args: []string{"--max-targets=5"}, name: "arguments", says: "no such flag"},
		"unlike any":        {args: []string{"--" + canary + canary}, name: "arguments", says: "no such flag"},
		"secret as flag":    {args: []string{"--slack.bot-token=xoxb-" + canary}, name: "arguments", says: "no such flag"},
		"shorthand":         {args: []string{"-x" + canary}, name: "arguments", says: "no such flag"},
		"without value":     {args: []string{"--db"}, name: "--db", says: "needs a value"},
		"bad syntax":        {args: []string{"--=" + canary}, name: "arguments", says: "--name=value"},
		"loose argument":    {args: []string{"xoxb-" + canary}, name: "arguments", says: "flags only"},
		"after dashes":      {args: []string{"--", canary}, name: "arguments", says: "flags only"},
	})
}
