//go:build demo

package slacksim

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

func TestDemo(t *testing.T) {
	w, err := New(Options{URL: "http://127.0.0.1:8199", Org: newMade(300), Sample: func() []byte { return []byte("id\nuser1@example.com\n") }})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(os.Getenv("DEMO"))
	var steps []struct {
		Method string
		Args   args
	}
	if err := json.Unmarshal(raw, &steps); err != nil {
		t.Log(err)
	}
	go http.ListenAndServe("127.0.0.1:8199", w)
	select {}
}
