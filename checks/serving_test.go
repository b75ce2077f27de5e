package checks

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDeep(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		ready  bool
		seen   string
	}{
		"ready":            {200, `{"ok":true,"epoch":2,"database":"writable","media":"mounted","cache":"none"}`, true, "database writable, media mounted, cache none"},
		"ready, cache too": {200, `{"ok":true,"epoch":2,"database":"writable","media":"mounted","cache":"ok"}`, true, "database writable, media mounted, cache ok"},
		"not promoted yet": {503, `{"ok":false,"epoch":2,"database":"read-only","media":"mounted","cache":"ok"}`, false, "database read-only, media mounted, cache ok"},
		"ok but 503":       {503, `{"ok":true,"epoch":2}`, false, "database , media , cache "},
		"another stack":    {200, `{"ok":true,"epoch":1,"database":"writable","media":"mounted","cache":"ok"}`, false, "database writable, media mounted, cache ok, epoch 1 instead of 2"},
		"other secrets":    {403, ``, false, "deep page refuses: the instances hold other secrets than this stack"},
		"no instances":     {503, `<html>503</html>`, false, "deep page answers 503 without a report"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ready, seen := Deep(Answer{Status: tc.status, Body: []byte(tc.body)}, 2, false)
			assert.Equal(t, tc.ready, ready)
			assert.Equal(t, tc.seen, seen)
			ready, _ = Deep(Answer{Status: tc.status, Body: []byte(tc.body)}, 2, true)
			assert.Equal(t, tc.ready && strings.Contains(tc.body, `"cache":"ok"`), ready, "with a cache required")
		})
	}
}

func TestRotated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		page  DeepPage
		ready bool
		seen  string
	}{
		"all use them":            {DeepPage{OK: true, Epoch: 1, Rotation: 2}, true, "the instances use the new secrets"},
		"it has not read them":    {DeepPage{}, false, "no answer, or from an instance that has not read the new secrets"},
		"it uses those before":    {DeepPage{OK: true, Epoch: 1}, false, "an instance still uses the secrets that were before"},
		"it uses those of before": {DeepPage{OK: true, Epoch: 1, Rotation: 1}, false, "an instance still uses the secrets that were before"},
		"it is not well":          {DeepPage{Epoch: 1, Rotation: 2, Database: "unreachable", Media: "mounted"}, false, "the site is not well: database unreachable, media mounted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ready, seen := Rotated(tc.page, 2)
			assert.Equal(t, tc.ready, ready)
			assert.Equal(t, tc.seen, seen)
		})
	}
}

func TestMoved(t *testing.T) {
	t.Parallel()
	ours := []string{"198.51.100.1", "198.51.100.2"}
	for name, tc := range map[string]struct {
		page  DeepPage
		names []string
		moved bool
		seen  string
	}{
		"everything leads here":      {DeepPage{OK: true, Epoch: 2}, ours[1:], true, "resolvers lead here, and the site answers from here"},
		"behind a CDN of its own":    {DeepPage{OK: true, Epoch: 2}, []string{"203.0.113.9"}, true, "resolvers lead to 203.0.113.9, and the site answers from here"},
		"the old record":             {DeepPage{}, []string{"203.0.113.9"}, false, "resolvers lead to 203.0.113.9, the site does not answer"},
		"the old side still answers": {DeepPage{OK: true, Epoch: 1}, ours, false, "resolvers lead here, the site answers at epoch 1"},
		"not well":                   {DeepPage{Epoch: 2}, ours, false, "resolvers lead here, the site answers at epoch 2"},
		"no record":                  {DeepPage{}, nil, false, "resolvers do not know the name, the site does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moved, seen := Moved(tc.page, 2, tc.names, ours)
			assert.Equal(t, tc.moved, moved)
			assert.Equal(t, tc.seen, seen)
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		page   DeepPage
	}{
		"well":        {200, `{"ok":true,"epoch":3,"database":"writable","marker":"ab"}`, DeepPage{OK: true, Epoch: 3, Database: "writable", Marker: "ab"}},
		"ok, but 503": {503, `{"ok":true,"epoch":3}`, DeepPage{Epoch: 3}},
		"fenced":      {503, `{"ok":false,"epoch":3,"fenced":true}`, DeepPage{Epoch: 3, Fenced: true}},
		"frozen":      {503, `{"ok":false,"epoch":3,"frozen":true}`, DeepPage{Epoch: 3, Frozen: true}},
		"no report":   {200, `<html>`, DeepPage{}},
		"refused":     {403, ``, DeepPage{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.page, Page(Answer{Status: tc.status, Body: []byte(tc.body)}))
		})
	}
}

func TestFront(t *testing.T) {
	t.Parallel()
	installer := Answer{Status: 302, Location: "https://www.example.com/wp-admin/install.php"}
	for name, tc := range map[string]struct {
		answer Answer
		epoch  int
		ready  bool
		next   string
	}{
		"page":                       {Answer{Status: 200}, 2, true, ""},
		"maintenance":                {Answer{Status: 503}, 2, false, ""},
		"another language":           {Answer{Status: 302, Location: "/en/?a=b"}, 2, false, "/en/?a=b"},
		"another page, in full":      {Answer{Status: 301, Location: "https://www.example.com/home"}, 2, false, "/home"},
		"another site":               {Answer{Status: 301, Location: "https://www.example.org/"}, 2, false, ""},
		"nowhere":                    {Answer{Status: 301}, 2, false, ""},
		"installer, first":           {installer, 1, true, ""},
		"installer after a failover": {installer, 2, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ready, next, seen := Front(tc.answer, "www.example.com", tc.epoch)
			assert.Equal(t, tc.ready, ready)
			assert.Equal(t, tc.next, next)
			assert.NotEmpty(t, seen)
		})
	}
}
