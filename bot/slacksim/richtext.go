package slacksim

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"
)

// richText renders a rich_text block.
func (n *names) richText(block object) template.HTML {
	var b strings.Builder
	for _, v := range listOf(block["elements"]) {
		if o, ok := v.(object); ok {
			n.richPart(&b, o)
		}
	}
	return template.HTML(b.String()) // every literal was escaped
}

func (n *names) richPart(b *strings.Builder, o object) {
	switch o["type"] {
	case "rich_text_section":
		b.WriteString("<p>")
		n.richInline(b, o)
		b.WriteString("</p>")
	case "rich_text_quote":
		b.WriteString("<blockquote>")
		n.richInline(b, o)
		b.WriteString("</blockquote>")
	case "rich_text_preformatted":
		b.WriteString("<pre>")
		n.richInline(b, o)
		b.WriteString("</pre>")
	case "rich_text_list":
		tag := "ul"
		if o["style"] == "ordered" {
			tag = "ol"
		}
		b.WriteString("<" + tag + ">")
		for _, item := range listOf(o["elements"]) {
			if item, ok := item.(object); ok {
				b.WriteString("<li>")
				n.richInline(b, item)
				b.WriteString("</li>")
			}
		}
		b.WriteString("</" + tag + ">")
	}
}

func (n *names) richInline(b *strings.Builder, o object) {
	for _, v := range listOf(o["elements"]) {
		e, ok := v.(object)
		if !ok {
			continue
		}
		inner := n.richElement(e)
		style, _ := e["style"].(object)
		for _, m := range [][2]string{{"code", "code"}, {"bold", "strong"}, {"italic", "em"}, {"strike", "s"}, {"underline", "u"}} {
			if style[m[0]] == true {
				inner = "<" + m[1] + ">" + inner + "</" + m[1] + ">"
			}
		}
		b.WriteString(inner)
	}
}

func (n *names) richElement(e object) string {
	str := func(key string) string { s, _ := e[key].(string); return s }
	switch e["type"] {
	case "text":
		return strings.ReplaceAll(html.EscapeString(str("text")), "\n", "<br>")
	case "link":
		return link(str("url"), str("text"), n.base)
	case "user":
		return mentionSpan("@" + nameOr(n.people[str("user_id")], "", str("user_id")))
	case "usergroup":
		return mentionSpan("@" + nameOr(n.groups[str("usergroup_id")], "", str("usergroup_id")))
	case "channel":
		return n.channelLink(str("channel_id"))
	case "broadcast":
		return broadcast(str("range"))
	case "emoji":
		return n.emojis(html.EscapeString(":" + str("name") + ":"))
	case "color":
		return html.EscapeString(str("value"))
	case "date":
		return dateToken(fmt.Sprintf("!date^%v^%s", e["timestamp"], str("format")), str("fallback"), n.base)
	}
	return ""
}

// richOf turns a person's text into the rich_text block that Slack's own client
// sends with it.
func richOf(text string) []any {
	var parts []any
	add := func(s string) {
		if s != "" {
			parts = append(parts, object{"type": "text", "text": unescaper.Replace(s)})
		}
	}
	for text != "" {
		start := strings.IndexByte(text, '<')
		end := -1
		if start >= 0 {
			end = strings.IndexByte(text[start:], '>')
		}
		if end < 0 {
			break
		}
		add(text[:start])
		body, label, _ := strings.Cut(text[start+1:start+end], "|")
		switch {
		case strings.HasPrefix(body, "@"):
			parts = append(parts, object{"type": "user", "user_id": body[1:]})
		case strings.HasPrefix(body, "#"):
			parts = append(parts, object{"type": "channel", "channel_id": body[1:]})
		default:
			parts = append(parts, object{"type": "link", "url": body, "text": label})
		}
		text = text[start+end+1:]
	}
	add(text)
	if parts == nil {
		return nil
	}
	section := object{"type": "rich_text_section", "elements": parts}
	return []any{object{"type": "rich_text", "block_id": randomWord(5), "elements": []any{section}}}
}

// clock is a time of day as the page shows it before its script knows better.
func clock(ts string) (rfc, short string) {
	var seconds, micros int64
	_, _ = fmt.Sscanf(ts, "%d.%d", &seconds, &micros)
	at := time.Unix(seconds, 0).UTC()
	return at.Format(time.RFC3339), at.Format("15:04")
}
