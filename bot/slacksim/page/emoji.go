package page

// emojiPictures has the emoji that such bots use.
var emojiPictures = map[string]string{
	"white_check_mark": "✅", "heavy_check_mark": "✅",
	"x": "❌", "negative_squared_cross_mark": "❌",
	"warning": "⚠️", "hourglass": "⏳", "hourglass_flowing_sand": "⏳",
	"lock": "🔒", "unlock": "🔓", "key": "🔑", "shield": "🛡️",
	"rotating_light": "🚨", "tada": "🎉",
	"double_vertical_bar": "⏸️", "pause_button": "⏸️", "arrow_forward": "▶️",
	"octagonal_sign": "🛑", "stop_sign": "🛑", "no_entry": "⛔", "no_entry_sign": "⛔",
	"snowflake": "❄️", "page_facing_up": "📄", "memo": "📄",
	"mag": "🔍", "wave": "👋", "eyes": "👀", "+1": "👍", "thumbsup": "👍",
	"information_source": "ℹ️", "bust_in_silhouette": "👤", "busts_in_silhouette": "👥",
	"calendar": "📅", "date": "📅", "clock1": "⏱️", "alarm_clock": "⏱️", "stopwatch": "⏱️",
	"link": "🔗", "bell": "🔔", "fire": "🔥", "test_tube": "🧪",
}

// emojiOr is an emoji's picture, or its name as it is typed.
func emojiOr(name string) string {
	if p := emojiPictures[name]; p != "" {
		return p
	}
	return ":" + name + ":"
}
