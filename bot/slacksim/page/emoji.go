package page

// emojiPicture knows the emoji that such bots use.
func emojiPicture(name string) string {
	switch name {
	case "white_check_mark", "heavy_check_mark":
		return "✅"
	case "x", "negative_squared_cross_mark":
		return "❌"
	case "warning":
		return "⚠️"
	case "hourglass", "hourglass_flowing_sand":
		return "⏳"
	case "lock":
		return "🔒"
	case "unlock":
		return "🔓"
	case "key":
		return "🔑"
	case "shield":
		return "🛡️"
	case "rotating_light":
		return "🚨"
	case "tada":
		return "🎉"
	case "double_vertical_bar", "pause_button":
		return "⏸️"
	case "arrow_forward":
		return "▶️"
	case "octagonal_sign", "stop_sign":
		return "🛑"
	case "no_entry", "no_entry_sign":
		return "⛔"
	case "snowflake":
		return "❄️"
	case "page_facing_up", "memo":
		return "📄"
	case "mag":
		return "🔍"
	case "wave":
		return "👋"
	case "eyes":
		return "👀"
	case "+1", "thumbsup":
		return "👍"
	case "information_source":
		return "ℹ️"
	case "bust_in_silhouette":
		return "👤"
	case "busts_in_silhouette":
		return "👥"
	case "calendar", "date":
		return "📅"
	case "clock1", "alarm_clock", "stopwatch":
		return "⏱️"
	case "link":
		return "🔗"
	case "bell":
		return "🔔"
	case "fire":
		return "🔥"
	case "test_tube":
		return "🧪"
	}
	return ""
}

// emojiOr is an emoji's picture, or its name as it is typed.
func emojiOr(name string) string {
	if p := emojiPicture(name); p != "" {
		return p
	}
	return ":" + name + ":"
}
