package page

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"factorbot/bot/slacksim/kit"
)

// Size of a chart's drawing area, in the units of its SVG.
const (
	chartWide, chartHigh = 320.0, 140.0
	pieRadius            = 60.0
)

// chartData is a chart as its template needs it.
type chartData struct {
	Title  string
	Kind   string // pie, bar, area, line
	Shapes []chartShape
	Keys   []chartKey  // the legend
	Ticks  []chartTick // names below the x axis
	Top    string      // the largest value, at the top of the y axis
	X, Y   string      // what the axes are called
	Words  string      // all of it in words
}

// chartShape is one piece of the drawing: a path in the color of its series.
type chartShape struct {
	Path  string
	Color int
	Line  bool // drawn as a line, not filled
	Name  string
}

type chartKey struct {
	Name  string
	Color int
}

type chartTick struct {
	At   string
	Text string
}

// chartPoint is a value with its name.
type chartPoint struct {
	label string
	value float64
}

type chartSeries struct {
	name   string
	points []chartPoint
}

// Chart lays out a data_visualization block.
func (r *Renderer) Chart(block object) chartData {
	chart, axis := kit.ObjectAt(block, "chart"), kit.ObjectAt(block, "chart", "axis_config")
	d := chartData{Title: kit.Text(block["title"]), Kind: kit.Text(chart["type"]), X: kit.Text(axis["x_label"]), Y: kit.Text(axis["y_label"])}
	if d.Kind == "pie" {
		d.pie(pointsOf(chart["segments"]))
		return d
	}
	d.plot(seriesOf(chart))
	return d
}

func pointsOf(v any) (points []chartPoint) {
	for _, o := range kit.Objects(v) {
		value, _ := strconv.ParseFloat(fmt.Sprint(o["value"]), 64)
		points = append(points, chartPoint{kit.Text(o["label"]), value})
	}
	return points
}

func seriesOf(chart object) (all []chartSeries) {
	for _, o := range kit.Objects(chart["series"]) {
		all = append(all, chartSeries{kit.Text(o["name"]), pointsOf(o["data"])})
	}
	return all
}

// pie draws slices clockwise from the top.
func (d *chartData) pie(segments []chartPoint) {
	sum := 0.0
	for _, s := range segments {
		sum += s.value
	}
	var words []string
	from := 0.0
	for i, s := range segments {
		share := s.value / sum
		name := fmt.Sprintf("%s: %s (%.0f %%)", s.label, number(s.value), share*100)
		d.Shapes = append(d.Shapes, chartShape{Path: slice(from, from+share), Color: i, Name: name})
		d.Keys = append(d.Keys, chartKey{name, i})
		words = append(words, name)
		from += share
	}
	d.Words = d.Title + ". " + strings.Join(words, "; ")
}

// slice is the path of a part of a circle, from and to in turns.
func slice(from, to float64) string {
	at := func(turn float64) string {
		a := turn * 2 * math.Pi
		return fmt.Sprintf("%.2f %.2f", pieRadius*(1+math.Sin(a)), pieRadius*(1-math.Cos(a)))
	}
	if to-from > 0.9999 { // an arc that ends where it begins is not drawn
		return fmt.Sprintf("M%s A%.0f %.0f 0 1 1 %s A%.0f %.0f 0 1 1 %s Z", at(0), pieRadius, pieRadius, at(0.5), pieRadius, pieRadius, at(1))
	}
	large := 0
	if to-from > 0.5 {
		large = 1
	}
	return fmt.Sprintf("M%.0f %.0f L%s A%.0f %.0f 0 %d 1 %s Z", pieRadius, pieRadius, at(from), pieRadius, pieRadius, large, at(to))
}

// plot draws series over categories that they share, from zero up.
func (d *chartData) plot(all []chartSeries) {
	top := 0.0
	for _, s := range all {
		for _, p := range s.points {
			top = max(top, p.value)
		}
	}
	if len(all) == 0 || len(all[0].points) == 0 {
		return
	}
	d.Top = number(top)
	scale := chartHigh / max(top, 1e-9)
	step := chartWide / float64(len(all[0].points))
	for i, p := range all[0].points {
		d.Ticks = append(d.Ticks, chartTick{fmt.Sprintf("%.1f", (float64(i)+0.5)*step), p.label})
	}
	var words []string
	for i, s := range all {
		d.Keys = append(d.Keys, chartKey{s.name, i})
		var said []string
		for _, p := range s.points {
			said = append(said, p.label+" "+number(p.value))
		}
		words = append(words, s.name+": "+strings.Join(said, ", "))
		if d.Kind == "bar" {
			d.bars(s, i, len(all), step, scale)
			continue
		}
		d.curve(s, i, step, scale)
	}
	d.Words = d.Title + ". " + strings.Join(words, "; ")
}

func (d *chartData) bars(s chartSeries, color, of int, step, scale float64) {
	wide := step * 0.7 / float64(of)
	for j, p := range s.points {
		x := step*(float64(j)+0.15) + wide*float64(color)
		path := fmt.Sprintf("M%.1f %.1f h%.1f v%.1f h%.1f Z", x, chartHigh-p.value*scale, wide, p.value*scale, -wide)
		d.Shapes = append(d.Shapes, chartShape{Path: path, Color: color, Name: s.name + ", " + p.label + ": " + number(p.value)})
	}
}

func (d *chartData) curve(s chartSeries, color int, step, scale float64) {
	var b strings.Builder
	for j, p := range s.points {
		letter := "L"
		if j == 0 {
			letter = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f ", letter, step*(float64(j)+0.5), chartHigh-p.value*scale)
	}
	if d.Kind == "area" {
		fmt.Fprintf(&b, "L%.1f %.1f L%.1f %.1f Z", chartWide-step/2, chartHigh, step/2, chartHigh)
	}
	d.Shapes = append(d.Shapes, chartShape{Path: strings.TrimSpace(b.String()), Color: color, Line: d.Kind == "line", Name: s.name})
	if d.Kind != "line" {
		return
	}
	for j, p := range s.points { // a dot on each point, of which there may be one alone
		path := fmt.Sprintf("M%.1f %.1f m-3 0 a3 3 0 1 0 6 0 a3 3 0 1 0 -6 0", step*(float64(j)+0.5), chartHigh-p.value*scale)
		d.Shapes = append(d.Shapes, chartShape{Path: path, Color: color, Name: p.label + ": " + number(p.value)})
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Box is the view box of the chart's SVG.
func (d chartData) Box() template.HTMLAttr {
	if d.Kind == "pie" {
		return template.HTMLAttr(fmt.Sprintf(`viewBox="-2 -2 %.0f %.0f"`, 2*pieRadius+4, 2*pieRadius+4))
	}
	return template.HTMLAttr(fmt.Sprintf(`viewBox="-28 -8 %.0f %.0f"`, chartWide+32, chartHigh+30))
}
