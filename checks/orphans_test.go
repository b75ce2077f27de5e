package checks

import (
	"testing"
	"time"

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

func TestOrphans(t *testing.T) {
	t.Parallel()
	dr := map[string]string{"site": "blog", "stack": "dr"}
	drill := map[string]string{"site": "blog", "stack": "dr-drill", "drill": "dr"}
	of := func(kind, id string, tags map[string]string) Found {
		return Found{Orphan: Orphan{Kind: kind, ID: id}, ARN: "arn:" + id, Tags: tags}
	}
	kept := of(FinalSnapshot, "blog-dr-1-final-01234567", dr)
	kept.Kept = true
	others := kept
	others.Tags = map[string]string{"site": "blog", "stack": "prod"}
	found := []Found{
		of(CacheGroup, "ours", map[string]string{"site": "blog", "stack": "dr", "Name": "x"}),
		of(CacheGroup, "held", dr),
		of(Address, "of a drill", drill),
		of(Address, "of another stack", map[string]string{"site": "blog", "stack": "prod"}),
		of(Address, "untagged", nil),
		kept, others,
	}
	held := func(f Found) bool { return f.ID == "held" }
	ids := func(all []Found) (ids []string) {
		for _, f := range all {
			assert.Equal(t, f.Tags["stack"], f.Stack)
			ids = append(ids, f.ID)
		}
		return ids
	}
	assert.Equal(t, []string{"ours"}, ids(Orphans(found, held, dr)))
	assert.Equal(t, []string{"ours", "of a drill"}, ids(Orphans(found, held, dr, drill)))
	assert.Empty(t, Orphans(found, held, nil), "without tags to compare nothing is ours")
	assert.Equal(t, []string{"blog-dr-1-final-01234567"}, ids(Kept(found, dr)))
}

func TestOrphanInWords(t *testing.T) {
	t.Parallel()
	price := 32.85
	gateway := Orphan{Kind: NATGateway, ID: "nat-1", End: "aws ec2 delete", Since: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC), Month: &price, Currency: "USD"}
	for want, spoil := range map[string]func(*Orphan){
		"NAT gateway nat-1 has the tags of this stack, and no state holds it (since 2026-11-29 10:00:00 UTC, about 32.85 USD a month): a killed update may have left it; to end it, aws ec2 delete": func(*Orphan) {},
		"NAT gateway nat-1 has the tags of this stack, and no state holds it (since 2026-11-29 10:00:00 UTC, about 32.85 USD a month): a killed update may have left it, and AWS is deleting it": func(o *Orphan) {
			o.Ending = true
		},
		"NAT gateway nat-1 has the tags of a drill of this stack, and no state holds it (since 2026-11-29 10:00:00 UTC, price not known): a killed update may have left it; to end it, aws ec2 delete": func(o *Orphan) {
			o.Month, o.OfDrill = nil, true
		},
		"target group blog has the tags of this stack, and no state holds it (AWS does not say since when, free): a killed update may have left it; to end it, aws ec2 delete": func(o *Orphan) {
			o.Kind, o.ID, o.Since = TargetGroup, "blog", time.Time{}
		},
	} {
		o := gateway
		spoil(&o)
		assert.Equal(t, want, o.String())
	}
	snapshot := Orphan{Kind: FinalSnapshot, Since: gateway.Since, Size: Size{StorageGiB: 20}}
	assert.Equal(t, "since 2026-11-29 10:00:00 UTC, 20 GiB", snapshot.Terms())
}
