package page

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// richText renders a rich_text block.
func (n *Names) richText(block object) template.HTML {
	var b strings.Builder
	for _, o := range kit.Objects(block["elements"]) {
		n.richPart(&b, o)
	}
	return template.HTML(b.String()) // every literal was escaped
}

// richTags has the HTML elements of the parts of a rich_text block.
var richTags = map[string]string{"rich_text_section": "p", "rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}

func (n *Names) richPart(b *strings.Builder, o object) {
	if tag := richTags[kit.Text(o["type"])]; tag != "" {
		n.richInline(b, tag, o)
	}
	if o["type"] != "rich_text_list" {
		return
	}
	tag := "ul"
	if o["style"] == "ordered" {
		tag = "ol"
	}
	b.WriteString("<" + tag + ">")
	for _, item := range kit.Objects(o["elements"]) {
		n.richInline(b, "li", item)
	}
	b.WriteString("</" + tag + ">")
}

// richInline renders the elements of one part, inside an HTML element.
func (n *Names) richInline(b *strings.Builder, tag string, o object) {
	b.WriteString("<" + tag + ">")
	for _, e := range kit.Objects(o["elements"]) {
		inner, style := n.richElement(e), kit.ObjectAt(e, "style")
		for _, m := range [][2]string{{"code", "code"}, {"bold", "strong"}, {"italic", "em"}, {"strike", "s"}, {"underline", "u"}} {
			if style[m[0]] == true {
				inner = "<" + m[1] + ">" + inner + "</" + m[1] + ">"
			}
		}
		b.WriteString(inner)
	}
	b.WriteString("</" + tag + ">")
}

func (n *Names) richElement(e object) string {
	str := func(key string) string { return kit.Text(e[key]) }
	switch e["type"] {
	case "text":
		return strings.ReplaceAll(html.EscapeString(str("text")), "\n", "<br>")
	case "link":
		return link(str("url"), str("text"), n.Base)
	case "user":
		return mentionSpan("@" + cmp.Or(n.People[str("user_id")], str("user_id")))
	case "usergroup":
		return mentionSpan("@" + cmp.Or(n.Groups[str("usergroup_id")], str("usergroup_id")))
	case "channel":
		return n.channelLink(str("channel_id"))
	case "broadcast":
		return broadcast(str("range"))
	case "emoji":
		return n.emojis(html.EscapeString(":" + str("name") + ":"))
	case "color":
		return html.EscapeString(str("value"))
	case "date":
		return dateToken(fmt.Sprintf("!date^%v^%s", e["timestamp"], str("format")), str("fallback"), n.Base)
	}
	return ""
}
