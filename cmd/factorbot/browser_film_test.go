package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// cinema is the page's size in the film.
var cinema = size{name: "film", width: 1200, height: 800, scale: 1}

// film is the README's animated picture while it is made: pictures of the page, each
// with the time for which it is shown.
type film struct {
	*page
	shots []shot
}

type shot struct {
	picture *image.RGBA
	shown   time.Duration
}

// What the README's animated picture may be.
const (
	mostFilmBytes                    = 3_000_000
	shortestFilm, longestFilm        = 12 * time.Second, 18 * time.Second
	filmPath, leastShots, mostColors = ".github/sandbox.gif", 15, 255
)

// TestBrowser_film makes the README's animated picture of the sandbox: a list is
// dropped, two people approve, the factors vanish, the result file is in the thread.
// With PICTURES it goes to that folder, else to the test's artifacts.
func TestBrowser_film(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "500", "--rate-limit", "6000", "--latency", "15ms")
	f := &film{page: mustBrowse(t, s.url+"/")}
	f.look(cinema, "light")

	f.until(`document.querySelector(".steps [data-sample]")`)
	f.take("A simulated Slack, a simulated Okta, and the real bot between them", 1500*time.Millisecond)
	f.click(".steps [data-sample]")
	f.until(`document.querySelector("#messages .file strong")`)
	f.take("Rosa drops a list of users and says why", 1300*time.Millisecond)
	f.until(`document.querySelector('#messages [data-act="approve"]')`)
	f.take("The bot looks everybody up and posts the plan", 2300*time.Millisecond)
	f.approve("U_APPROVER1", "Avery approves, and types how many users that is")
	f.until(`/1 more approval needed/.test(document.querySelector("#messages").textContent)`)
	f.take("A large request takes two", 1200*time.Millisecond)
	f.approve("U_APPROVER2", "Alex approves, too")
	s.set(map[string]any{"latency": "140ms"})
	f.click(threadOfRequest)
	for _, n := range []int{40, 90, 140, 190, 240, 290, 340, 390, 440} {
		s.await("users to be reset", func() bool { return s.reset() >= n })
		f.take("One user after another, at the pace that Okta allows", 350*time.Millisecond)
	}
	f.until(`document.querySelector('#replies a[download="FR-1-results.csv"]')`)
	f.take("The result file has a line for each row of the list", 2600*time.Millisecond)

	path := filepath.Join(cmp.Or(os.Getenv("PICTURES"), t.ArtifactDir()), filepath.Base(filmPath))
	if err := os.WriteFile(path, f.gif(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("the film is %s", path)
	checkFilm(t, path)
}

// The README's animated picture is short and small.
func TestReadme_film(t *testing.T) {
	checkFilm(t, filepath.Join(repository, filmPath))
}

func checkFilm(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var lasts time.Duration
	for _, d := range g.Delay {
		lasts += time.Duration(d) * 10 * time.Millisecond
	}
	if len(b) > mostFilmBytes || lasts < shortestFilm || lasts > longestFilm || len(g.Image) < leastShots || g.LoopCount != 0 {
		t.Errorf("%s has %d bytes, lasts %s, has %d pictures and loops %d times", path, len(b), lasts, len(g.Image), g.LoopCount)
	}
	t.Logf("%d pictures, %s, %d bytes", len(g.Image), lasts, len(b))
}

// approve approves what waits as this person, who types the number of users.
func (f *film) approve(who, caption string) {
	f.tb.Helper()
	f.click("#pick-" + who)
	f.until(`document.querySelector("#pick-` + who + `").getAttribute("aria-current") === "true"`)
	f.opens(func() { f.click(`#messages [data-act="approve"]`) }, `document.querySelector('dialog.modal[open] [data-input="users"]')`)
	n, err := chromedp.Run(f, chromedp.Evaluate[string](`/Type ([\d,]+) to approve/.exec(document.querySelector("dialog.modal").textContent)[1]`))
	if err != nil {
		f.tb.Fatal(err)
	}
	f.run(chromedp.SendKeys(`[data-input="users"]`, n))
	f.take(caption, 1300*time.Millisecond)
	f.run(chromedp.SendKeys(`[data-input="users"]`, "\r"))
	f.until(`!document.querySelector("dialog.modal[open]")`)
}

// take takes a picture with a caption below.
func (f *film) take(caption string, shown time.Duration) {
	f.tb.Helper()
	f.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		let bar = document.querySelector("#caption");
		if (!bar) {
			bar = document.createElement("div");
			bar.id = "caption";
			bar.popover = "manual";
			bar.style.cssText = "position: fixed; inset: auto 0 16px 0; margin: 0 auto; width: fit-content; border: 0; border-radius: 8px; padding: 8px 18px; font: 600 17px/1.4 sans-serif; color: #fff; background: #1d1c1d";
			document.body.append(bar);
		}
		bar.hidePopover();
		bar.textContent = %s;
		bar.showPopover();
	})(); 0`, quoted(caption))))
	b, err := chromedp.Run(f, chromedp.CaptureScreenshot())
	if err != nil {
		f.tb.Fatal(err)
	}
	f.shots = append(f.shots, shot{mustDecode(f.tb, b), shown})
}

// mustDecode reads a PNG file.
func mustDecode(tb testing.TB, b []byte) *image.RGBA {
	tb.Helper()
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	points := image.NewRGBA(picture.Bounds())
	draw.Draw(points, points.Bounds(), picture, picture.Bounds().Min, draw.Src)
	return points
}

// gif encodes the film. A page has few colors, so the most frequent ones serve; of each
// picture after the first only what has changed is encoded.
func (f *film) gif() []byte {
	f.tb.Helper()
	p := &painter{palette: append(frequent(f.shots), color.RGBA{}), known: map[color.RGBA]uint8{}}
	g := &gif.GIF{}
	var before *image.Paletted
	for _, s := range f.shots {
		now := p.paint(s.picture)
		g.Image = append(g.Image, p.changed(before, now))
		g.Delay = append(g.Delay, int(s.shown/(10*time.Millisecond)))
		g.Disposal = append(g.Disposal, gif.DisposalNone)
		before = now
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		f.tb.Fatal(err)
	}
	return b.Bytes()
}

// frequent are the colors that most of the pictures' points have, colors that look alike
// taken together.
func frequent(shots []shot) color.Palette {
	type kind struct{ r, g, b uint8 }
	counts := map[kind]map[color.RGBA]int{}
	for _, s := range shots {
		for c, same := range runs(s.picture) {
			k := kind{c.R >> 3, c.G >> 3, c.B >> 3}
			if counts[k] == nil {
				counts[k] = map[color.RGBA]int{}
			}
			counts[k][c] += same.to - same.from
		}
	}
	points := func(k kind) (n int) {
		for _, c := range counts[k] {
			n += c
		}
		return n
	}
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b kind) int {
		return cmp.Or(cmp.Compare(points(b), points(a)), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	var all color.Palette
	for _, k := range kinds[:min(mostColors, len(kinds))] {
		all = append(all, slices.MaxFunc(slices.Collect(maps.Keys(counts[k])), func(a, b color.RGBA) int {
			return cmp.Or(cmp.Compare(counts[k][a], counts[k][b]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
		}))
	}
	return all
}

// span is a range of a picture's points, counted row by row.
type span struct{ from, to int }

// runs goes through the points that have one color and follow each other: a page has
// long ones.
func runs(picture *image.RGBA) iter.Seq2[color.RGBA, span] {
	return func(yield func(color.RGBA, span) bool) {
		for from, rest := 0, picture.Pix; len(rest) > 0; {
			n := 4
			for n < len(rest) && bytes.Equal(rest[n:n+4], rest[:4]) {
				n += 4
			}
			if !yield(color.RGBA{rest[0], rest[1], rest[2], rest[3]}, span{from, from + n/4}) {
				return
			}
			from, rest = from+n/4, rest[n:]
		}
	}
}

// painter paints with a palette, whose last color is transparent.
type painter struct {
	palette color.Palette
	known   map[color.RGBA]uint8
}

func (p *painter) paint(picture *image.RGBA) *image.Paletted {
	painted := image.NewPaletted(picture.Bounds(), p.palette)
	for c, same := range runs(picture) {
		i, ok := p.known[c]
		if !ok {
			i = uint8(p.palette[:len(p.palette)-1].Index(c))
			p.known[c] = i
		}
		for at := same.from; at < same.to; at++ {
			painted.Pix[at] = i
		}
	}
	return painted
}

// changed is what of a picture differs from the one before, all else transparent.
func (p *painter) changed(before, now *image.Paletted) *image.Paletted {
	if before == nil {
		return now
	}
	kept := image.NewPaletted(now.Bounds(), p.palette)
	copy(kept.Pix, slices.Repeat([]uint8{uint8(len(p.palette) - 1)}, len(kept.Pix)))
	var area image.Rectangle
	for y := range now.Bounds().Dy() {
		row, old := now.Pix[y*now.Stride:][:now.Stride], before.Pix[y*now.Stride:][:now.Stride]
		if bytes.Equal(row, old) {
			continue
		}
		for x, c := range row {
			if c != old[x] {
				kept.Pix[y*now.Stride+x] = c
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if area.Empty() {
		area = image.Rect(0, 0, 1, 1)
	}
	return kept.SubImage(area).(*image.Paletted)
}
