package page

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func someNames() *Names {
	return &Names{
		People: map[string]string{"U_ANA": "Ana Lima", "U_X": `<img src=x onerror=alert(1)>`}, Channels: map[string]string{"C_1": "general"},
		ByName: map[string]string{"general": "C_1"}, Groups: map[string]string{"S_1": "security"}, Base: "http://127.0.0.1:8025",
	}
}

func TestMrkdwn(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                "plain",
		"*bold* _it_ ~gone~ `a*b*c`":           "<strong>bold</strong> <em>it</em> <s>gone</s> <code>a*b*c</code>",
		"*bold _both_*":                        "<strong>bold <em>both</em></strong>",
		"a*b*c and 2 * 3 * 4":                  "a*b*c and 2 * 3 * 4",
		"snake_case_name":                      "snake_case_name",
		"one\ntwo":                             "one<br>two",
		"&gt; quoted\nnot":                     "<blockquote>quoted</blockquote>not",
		"```code &lt;b&gt;\n*x*```":            "<pre>code &lt;b&gt;\n*x*</pre>",
		"```open":                              "```open",
		"<@U_ANA> and <@U_NOBODY|sam>":         `<span class="mention">@Ana Lima</span> and <span class="mention">@sam</span>`,
		"<#C_1|general> <#C_2>":                `<a class="mention" data-channel="C_1" href="/?channel=C_1">#general</a> <span class="mention">#private</span>`,
		"<!channel> <!subteam^S_1>":            `<span class="mention all">@channel</span> <span class="mention">@security</span>`,
		"<https://example.com/?a=1&amp;b=2|x>": `<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">x</a>`,
		"<javascript:alert(1)|click>":          "click",
		"<data:text/html,x|click>":             "click",
		"<b>bold</b>":                          "bbold/b",
		"&lt;b&gt;":                            "&lt;b&gt;",
		":lock: :no_such:":                     `<span role="img" aria-label="lock">🔒</span> :no_such:`,
		"<!date^0^{date_num} {time}|long ago>": `<time datetime="1970-01-01T00:00:00Z" data-format="{date_num} {time}">long ago</time>`,
		"<@U_X>":                               `<span class="mention">@&lt;img src=x onerror=alert(1)&gt;</span>`,
	} {
		if got := string(someNames().Mrkdwn(in, true)); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}

// TestMrkdwn_live: what Slack makes live of text that is not verbatim.
func TestMrkdwn_live(t *testing.T) {
	in := "ask @here in #general or https://example.com/a."
	if got := string(someNames().Mrkdwn(in, true)); got != in {
		t.Errorf("verbatim: %s", got)
	}
	got := string(someNames().Mrkdwn(in, false))
	for _, want := range []string{`<span class="mention all">@here</span>`, `data-channel="C_1"`, `<a href="https://example.com/a"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

// FuzzMrkdwn: whatever the text, the HTML has no element and no attribute but
// those the renderer writes, and no link but to the web or to mail.
func FuzzMrkdwn(f *testing.F) {
	for _, seed := range []string{"<script>alert(1)</script>", "*a _b* c_", "<http://x|y>", "<!date^1^{time}^javascript:x|y>", "`<@U_X|a\"b>`", "```", "&lt;img onerror=x&gt;", "<https://a\" onclick=\"x|y>", "<#C_1|\">"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	allowed := map[string]bool{"p": true, "strong": true, "em": true, "s": true, "code": true, "pre": true, "br": true, "blockquote": true, "a": true, "span": true, "time": true}
	attributes := map[string]bool{"class": true, "href": true, "rel": true, "target": true, "role": true, "aria-label": true, "datetime": true, "data-format": true, "data-channel": true}
	f.Fuzz(func(t *testing.T, text string, verbatim bool) {
		out := strings.ReplaceAll(string(someNames().Mrkdwn(printable(text), verbatim)), "<br>", "<br/>")
		d := xml.NewDecoder(strings.NewReader("<p>" + out + "</p>"))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q is not well-formed: %v", text, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if !allowed[start.Name.Local] {
				t.Fatalf("%q makes <%s>", text, start.Name.Local)
			}
			for _, a := range start.Attr {
				if !attributes[a.Name.Local] || a.Name.Local == "href" && !harmless(a.Value) {
					t.Fatalf("%q makes %s=%q", text, a.Name.Local, a.Value)
				}
			}
		}
	})
}

func harmless(link string) bool {
	link = strings.ToLower(link)
	for _, start := range []string{"http://", "https://", "mailto:", "/?channel="} {
		if strings.HasPrefix(link, start) {
			return true
		}
	}
	return false
}

// printable drops what XML cannot hold, so that its parser can judge the rest.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r >= ' ' && r != 0xFFFD && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, s)
}
