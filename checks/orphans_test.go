package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOrphans(t *testing.T) {
	t.Parallel()
	dr := map[string]string{"site": "blog", "stack": "dr"}
	drill := map[string]string{"site": "blog", "stack": "dr-drill", "drill": "dr"}
	of := func(kind, id string, tags map[string]string) Found {
		return Found{Orphan: Orphan{Kind: kind, ID: id, End: "aws a delete && aws b delete"}, ARN: "arn:" + id, Tags: tags}
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
			assert.Equal(t, []string{"us-east-2", f.Tags["stack"]}, []string{f.Region, f.Stack})
			assert.Equal(t, "aws a delete --region us-east-2 && aws b delete --region us-east-2", f.End)
			ids = append(ids, f.ID)
		}
		return ids
	}
	assert.Equal(t, []string{"ours"}, ids(Orphans(found, held, "us-east-2", dr)))
	assert.Equal(t, []string{"ours", "of a drill"}, ids(Orphans(found, held, "us-east-2", dr, drill)))
	assert.Empty(t, Orphans(found, held, "us-east-2", nil), "without tags to compare nothing is ours")
	assert.Equal(t, []string{"blog-dr-1-final-01234567"}, ids(Kept(found, "us-east-2", dr)))
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
