package slacksim

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"factorbot/bot/slacksim/kit"
)

//go:embed blocks.schema.json
var blocksSchema []byte

// surface is where blocks are shown.
type surface string

const (
	surfaceMessage surface = "Message"
	surfaceModal   surface = "Modal"
	surfaceHome    surface = "Home"
)

// schemas are the compiled shapes of messages, modals and home tabs.
type schemas struct {
	bySurface map[surface]*jsonschema.Schema
	byBlock   map[string]*jsonschema.Schema // block type -> its own shape, for errors that point deep
}

func compileSchemas() (*schemas, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(blocksSchema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("blocks.schema.json", doc); err != nil {
		return nil, err
	}
	s := &schemas{bySurface: map[surface]*jsonschema.Schema{}, byBlock: map[string]*jsonschema.Schema{}}
	for _, name := range []surface{surfaceMessage, surfaceModal, surfaceHome} {
		if s.bySurface[name], err = c.Compile("blocks.schema.json#/definitions/" + string(name)); err != nil {
			return nil, err
		}
	}
	for name, kind := range blockTypes(doc) {
		if s.byBlock[kind], err = c.Compile("blocks.schema.json#/definitions/" + name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// blockTypes returns the definitions that are blocks, and the type each demands.
func blockTypes(doc any) map[string]string {
	found := map[string]string{}
	for name, d := range kit.ObjectAt(doc, "definitions") {
		if t := demandedType(d); t != "" && strings.HasSuffix(name, "Block") && name != "KnownBlock" {
			found[name] = t
		}
	}
	return found
}

// demandedType returns the type that a definition demands, or that all its
// alternatives do.
func demandedType(definition any) string {
	if t, ok := kit.ObjectAt(definition, "properties", "type")["const"].(string); ok {
		return t
	}
	if alternatives := kit.ListOf(kit.ObjectAt(definition)["anyOf"]); len(alternatives) > 0 {
		return demandedType(alternatives[0])
	}
	return ""
}

// problem is one thing that is wrong with blocks or a view.
type problem struct {
	pointer string // "/blocks/0/text/text"
	words   string
}

func (c problem) String() string { return fmt.Sprintf("%s [json-pointer:%s]", c.words, c.pointer) }

// blocks checks the blocks of a message and returns them with the block_id and
// action_id that Slack gives to those that have none.
func (w *Workspace) blocks(v any, on surface) ([]any, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, refuse("invalid_blocks_format")
	}
	if len(list) == 0 {
		return nil, nil
	}
	if wrong := w.schema.check(object{"blocks": list}, on); wrong != nil {
		return nil, invalidBlocks(wrong)
	}
	if wrong := tooNew(list); wrong != nil && w.settings.OldBlocks {
		return nil, invalidBlocks(wrong)
	}
	return w.name(list), nil
}

func invalidBlocks(wrong []problem) error {
	var errs, messages []string
	for _, c := range wrong {
		errs = append(errs, c.String())
		messages = append(messages, "[ERROR] "+c.String())
	}
	return &refusal{code: "invalid_blocks", messages: messages, extra: object{"errors": errs}}
}

// check returns what is wrong with a message or view, nil if nothing.
func (s *schemas) check(body object, on surface) []problem {
	if wrong := s.fits(body, on); wrong != nil {
		return wrong
	}
	blocks, _ := body["blocks"].([]any)
	var wrong []problem
	for i, b := range blocks {
		at := fmt.Sprintf("/blocks/%d", i)
		wrong = append(wrong, checkTexts(b, at)...)
		wrong = append(wrong, checkPlace(b, at, on)...)
		wrong = append(wrong, checkContent(b, at)...)
	}
	wrong = append(wrong, checkSums(blocks)...)
	return append(wrong, checkIDs(blocks)...)
}

// newBlocks are the types of blocks that a workspace may not have yet.
func newBlocks() []string { return []string{"data_table", "container", "data_visualization"} }

// tooNew finds the blocks that a workspace with old blocks does not know.
func tooNew(blocks []any) []problem {
	var wrong []problem
	for i, b := range blocks {
		if t := kit.Text(kit.ObjectAt(b)["type"]); slices.Contains(newBlocks(), t) {
			wrong = append(wrong, problem{fmt.Sprintf("/blocks/%d/type", i), "unsupported type: " + t})
		}
	}
	return wrong
}

// fits holds the body against the schema, block by block first, because the
// schema's "any of these blocks" says nothing useful when none fits.
func (s *schemas) fits(body object, on surface) []problem {
	blocks, _ := body["blocks"].([]any)
	var wrong []problem
	for i, b := range blocks {
		t := kit.Text(kit.ObjectAt(b)["type"])
		at := fmt.Sprintf("/blocks/%d", i)
		if s.byBlock[t] == nil {
			wrong = append(wrong, problem{at + "/type", "unsupported type: " + t})
			continue
		}
		if err := s.byBlock[t].Validate(b); err != nil {
			wrong = append(wrong, deepest(err, at))
		}
	}
	if wrong != nil {
		return wrong
	}
	if err := s.bySurface[on].Validate(body); err != nil {
		return []problem{deepest(err, "")}
	}
	return nil
}

// deepest finds the problem of a validation error that is nearest to the
// mistake.
func deepest(err error, at string) problem {
	e, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return problem{at, "failed to match the schema"}
	}
	best := pickCause(e)
	where := at
	for _, part := range best.InstanceLocation {
		where += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	return problem{where, wordsOf(best)}
}

// wordsOf says what is wrong as Slack does.
func wordsOf(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.MaxLength:
		return fmt.Sprintf("must be less than %d characters", k.Want+1)
	case *kind.MinLength:
		return fmt.Sprintf("must be more than %d characters", k.Want-1)
	case *kind.MaxItems:
		return fmt.Sprintf("no more than %d items allowed", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("no fewer than %d items allowed", k.Want)
	case *kind.Required:
		return "missing required field: " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return "invalid additional property: " + strings.Join(k.Properties, ", ")
	case *kind.AnyOf, *kind.OneOf:
		return "failed to match all allowed schemas"
	}
	return e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

// pickCause goes down the causes: of several alternatives, the one whose type
// is right and whose mistake lies deepest.
func pickCause(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	var found *jsonschema.ValidationError
	for _, cause := range e.Causes {
		if len(e.Causes) > 1 && otherKind(cause, len(e.InstanceLocation)+1) {
			continue
		}
		c := pickCause(cause)
		if found == nil || len(c.InstanceLocation) > len(found.InstanceLocation) {
			found = c
		}
	}
	if found == nil {
		return e
	}
	return found
}

// otherKind says whether an alternative failed for being another kind of thing:
// its own type, at this depth, is not the one it demands.
func otherKind(e *jsonschema.ValidationError, depth int) bool {
	if n := len(e.InstanceLocation); n == depth && e.InstanceLocation[n-1] == "type" {
		switch e.ErrorKind.(type) {
		case *kind.Const, *kind.Enum:
			return true
		}
	}
	return slices.ContainsFunc(e.Causes, func(c *jsonschema.ValidationError) bool { return otherKind(c, depth) })
}
