package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOrphanBalancer(t *testing.T) {
	t.Parallel()
	ours := Owner{Tags: map[string]string{"site": "blog", "stack": "dr"}, Groups: []string{"sg-1"}, ResourceIDs: func(id string) bool { return id == "arn:known" }}
	for name, tc := range map[string]struct {
		spoil func(*Balancer)
		why   string // empty for an orphan
	}{
		"an orphan":             {func(*Balancer) {}, ""},
		"in the state":          {func(b *Balancer) { b.ARN = "arn:known" }, "the state holds it"},
		"of another stack":      {func(b *Balancer) { b.Tags["stack"] = "prod" }, "it has not the tags of this stack"},
		"untagged":              {func(b *Balancer) { b.Tags = nil }, "it has not the tags of this stack"},
		"in another network":    {func(b *Balancer) { b.Groups = []string{"sg-2"} }, "it is not in this stack's network"},
		"visitors are led here": {func(b *Balancer) { b.Named = true }, "DNS points to it"},
		"listening":             {func(b *Balancer) { b.Listeners = 1 }, "it listens, so an update has used it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := Balancer{ARN: "arn:new", Tags: map[string]string{"site": "blog", "stack": "dr", "Name": "x"}, Groups: []string{"sg-1", "sg-9"}}
			tc.spoil(&b)
			orphan, because := OrphanBalancer(b, ours)
			assert.Equal(t, tc.why == "", orphan)
			assert.Equal(t, tc.why, because)
		})
	}
	orphan, _ := OrphanBalancer(Balancer{Groups: []string{"sg-1"}}, Owner{Groups: []string{"sg-1"}, ResourceIDs: ours.ResourceIDs})
	assert.False(t, orphan, "without tags to compare nothing is ours")
}

func TestOrphanGateway(t *testing.T) {
	t.Parallel()
	ours := Owner{Tags: map[string]string{"stack": "dr"}, ResourceIDs: func(id string) bool { return id == "eni-known" || id == "" }}
	for name, tc := range map[string]struct {
		g   Gateway
		why string
	}{
		"an orphan":        {Gateway{Interface: "eni-1", Tags: map[string]string{"stack": "dr"}}, ""},
		"just asked for":   {Gateway{Tags: map[string]string{"stack": "dr"}}, ""},
		"in the state":     {Gateway{Interface: "eni-known", Tags: map[string]string{"stack": "dr"}}, "the state holds it"},
		"of another stack": {Gateway{Interface: "eni-1", Tags: map[string]string{"stack": "prod"}}, "it has not the tags of this stack"},
		"in use":           {Gateway{Interface: "eni-1", Tags: map[string]string{"stack": "dr"}, Routes: 2}, "routes lead to it, so an update has used it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orphan, because := OrphanGateway(tc.g, ours)
			assert.Equal(t, tc.why == "", orphan)
			assert.Equal(t, tc.why, because)
		})
	}
}

func TestOrphanRoute(t *testing.T) {
	t.Parallel()
	assert.True(t, OrphanRoute("nat-1", "nat-1", false), "made by the update that was killed")
	assert.True(t, OrphanRoute("nat-0", "nat-1", true), "it leads nowhere")
	assert.False(t, OrphanRoute("nat-0", "nat-1", false), "instances use it")
	assert.False(t, OrphanRoute("", "nat-1", false), "it leads to something else")
}
