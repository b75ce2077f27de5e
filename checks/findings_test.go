package checks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil   func(*Snapshot, *Policy)
		subject string
		want    Finding // without the subject; zero when the rule had nothing to look at
	}{
		"production silent": {
			func(*Snapshot, *Policy) {}, "production",
			Finding{Reason: "production does not answer under the site's name, and database blog-dr-1 receives nothing from it", Ruling: Passed},
		},
		"not asked": {
			func(s *Snapshot, p *Policy) { p.ProbeProduction, s.Replica = false, nil }, "production",
			Finding{Reason: "production was not asked under the site's name", Ruling: Passed},
		},
		"the first activation": {func(_ *Snapshot, p *Policy) { p.Epoch = 1 }, "production", Finding{}},
		"production is ill": {
			func(s *Snapshot, _ *Policy) { s.Site, s.Replica.Replication = DeepPage{Epoch: 1}, "" }, "production",
			Finding{Reason: "production answers under the site's name (epoch 1), and says that not all is well", Ruling: Passed},
		},
		"production lives": {
			func(s *Snapshot, _ *Policy) { s.Site = DeepPage{OK: true, Epoch: 1} }, "production",
			Finding{Reason: "production still serves the site (epoch 1): its deep page says that all is well", Ruling: Blocks},
		},
		"production lives in two ways": {
			func(s *Snapshot, p *Policy) {
				s.Site, s.Replica.Replication, p.Accepted = DeepPage{OK: true, Epoch: 1}, "replicating", []string{IgnoreProduction}
			}, "production",
			Finding{
				Reason: "production still serves the site (epoch 1): its deep page says that all is well; " +
					"database blog-dr-1 still receives changes, so production's database lives", Ruling: Overruled,
			},
		},
		"this side answers": {
			func(s *Snapshot, _ *Policy) { s.Site, s.Replica.Source = DeepPage{OK: true, Epoch: 2}, "" }, "production",
			Finding{Reason: "under the site's name this side answers already (epoch 2)", Ruling: Passed},
		},
		"this side answered before": {
			func(s *Snapshot, p *Policy) {
				s.Site, s.Replica, p.ReclaimedEpoch = DeepPage{OK: true, Epoch: 1}, nil, 1
			}, "production",
			Finding{Reason: "under the site's name this side answers, as it did before (epoch 1)", Ruling: Passed},
		},
		"the other side is frozen": {
			func(s *Snapshot, p *Policy) {
				p.Switchover, s.Site = true, DeepPage{Epoch: 1, Frozen: true, Database: "read-only"}
			}, "production",
			Finding{Reason: "the other side shows the maintenance page, and its database is read-only", Ruling: Passed},
		},
		"replica": {
			func(*Snapshot, *Policy) {}, "replica",
			Finding{Reason: "database blog-dr-1 is available, a replica of blog-prod-1 in us-west-2, with MySQL 8.0.42", Ruling: Passed},
		},
		"promoted": {
			func(s *Snapshot, p *Policy) { s.Replica.Source, p.StandsBy = "", false }, "replica",
			Finding{Reason: "database blog-dr-1 is promoted already, and available", Ruling: Passed},
		},
		"no replica": {
			func(s *Snapshot, _ *Policy) { s.Replica = nil }, "replica",
			Finding{Reason: "there is no database blog-dr-1 in us-east-2", Ruling: Blocks},
		},
		"a reason stands, another is overruled": {
			func(s *Snapshot, p *Policy) {
				s.Replica.Status, s.Replica.Message, p.Accepted = "creating", "SQLError: 1062", []string{AcceptDataLoss}
			}, "replica",
			Finding{
				Reason: "database blog-dr-1 is creating: its data is not whole yet; " +
					"database blog-dr-1 stopped applying changes before production was lost (SQLError: 1062)", Ruling: Blocks,
			},
		},
		"a primary has no replica": {func(_ *Snapshot, p *Policy) { p.Source = "" }, "replica", Finding{}},
		"lag": {
			func(*Snapshot, *Policy) {}, "lag",
			Finding{Reason: "database blog-dr-1 was 3s behind at 11:40:00 UTC, and 5m0s are allowed", Ruling: Passed},
		},
		"lag too high": {
			func(s *Snapshot, _ *Policy) { s.Replica.LastGood.Value = 12 * time.Minute }, "lag",
			Finding{Reason: "database blog-dr-1 was 12m0s behind at 11:40:00 UTC, more than the 5m0s allowed: writes after 11:28:00 UTC are lost", Ruling: Blocks},
		},
		"lag unknown, accepted": {
			func(s *Snapshot, p *Policy) { s.Replica.LastGood, p.Accepted = nil, []string{AcceptDataLoss} }, "lag",
			Finding{Reason: "no replication lag of database blog-dr-1 was measured in the last 2h0m0s, so the loss is unknown", Ruling: Overruled},
		},
		"a promoted database does not lag": {func(s *Snapshot, _ *Policy) { s.Replica.Source = "" }, "lag", Finding{}},
		"image": {
			func(*Snapshot, *Policy) {}, "image",
			Finding{Reason: "image ami-1 is available, made at 2026-02-28 12:00:00 UTC, 23h0m0s before production's", Ruling: Passed},
		},
		"image newer": {
			func(s *Snapshot, _ *Policy) { s.Image.Made = noon }, "image",
			Finding{Reason: "image ami-1 is available, made at 2026-03-01 12:00:00 UTC, no earlier than production's", Ruling: Passed},
		},
		"production's image unknown": {
			func(_ *Snapshot, p *Policy) { p.PeerImage = time.Time{} }, "image",
			Finding{Reason: "image ami-1 is available, made at 2026-02-28 12:00:00 UTC; how old production's is was not known", Ruling: Passed},
		},
		"no image": {
			func(s *Snapshot, p *Policy) { s.Image, p.Accepted = nil, []string{AcceptDataLoss, IgnoreProduction} }, "image",
			Finding{Reason: "there is no image ami-1 in us-east-2", Ruling: Blocks},
		},
		"certificate": {
			func(*Snapshot, *Policy) {}, "certificate",
			Finding{Reason: "certificate arn:certificate is issued, covers www.example.com and ends at 2026-05-30 12:00:00 UTC", Ruling: Passed},
		},
		"certificate missing": {
			func(s *Snapshot, _ *Policy) { s.Certificate = nil }, "certificate",
			Finding{Reason: "there is no certificate arn:certificate in us-east-2", Ruling: Blocks},
		},
		"no certificate wanted": {func(_ *Snapshot, p *Policy) { p.Certificate = "" }, "certificate", Finding{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := productionLost(), policy
			p.ProbeProduction = true
			tc.spoil(&s, &p)
			var got Finding
			for _, f := range Activation.Findings(s, p) {
				if f.Subject == tc.subject {
					got = f
				}
			}
			if tc.want != (Finding{}) {
				tc.want.Subject = tc.subject
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

// TestFindingsAgreeWithBlockers holds them together: something stands exactly when a finding blocks.
func TestFindingsAgreeWithBlockers(t *testing.T) {
	t.Parallel()
	s, p := productionLost(), policy
	blocks := func() (subjects []string) {
		for _, f := range Activation.Findings(s, p) {
			if f.Ruling == Blocks {
				subjects = append(subjects, f.Subject)
			}
		}
		return subjects
	}
	assert.Empty(t, blocks())
	s = Snapshot{Site: DeepPage{OK: true, Epoch: 1}}
	var subjects []string
	for _, b := range Activation.Blockers(s, p) {
		subjects = append(subjects, b.Subject)
	}
	assert.Equal(t, []string{"production", "replica", "image", "certificate"}, subjects)
	assert.Equal(t, subjects, blocks())
}

// TestNoFindings holds that a program reads lists where there is nothing to tell.
func TestNoFindings(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []Finding{}, Retire.Findings(Snapshot{}, Policy{}))
	stand, overruled := Overrule(nil, nil)
	assert.Equal(t, [][]refusal.Blocker{{}, {}}, [][]refusal.Blocker{stand, overruled})
}

func TestFindingsOfOtherChanges(t *testing.T) {
	t.Parallel()
	s := productionLost()
	assert.Equal(t, []Finding{{Subject: "replica", Reason: "database blog-dr-1 does not replicate (" + s.Replica.Message + ")", Ruling: Blocks}}, Retire.Findings(s, policy))
	s.Replica.Replication, s.Replica.LastGood.At = "replicating", noon
	assert.Equal(t, []Finding{{Subject: "replica", Reason: "database blog-dr-1 is available and replicates, 3s behind at 12:00:00 UTC", Ruling: Passed}}, Retire.Findings(s, policy))
	s.Replica.Source = ""
	led := policy
	led.StandsBy = false
	assert.Equal(t, []Finding{{Subject: "replica", Reason: "database blog-dr-1 is promoted and available", Ruling: Passed}}, Retire.Findings(s, led))
	assert.Empty(t, Retire.Findings(Snapshot{}, Policy{}), "a primary follows nobody")

	p := Policy{Epoch: 3}
	assert.Equal(t, Blocks, Abort.Findings(Snapshot{}, p)[0].Ruling)
	assert.Equal(t, []Finding{{Subject: "production", Reason: "production answers under the site's name (epoch 1)", Ruling: Passed}},
		Abort.Findings(Snapshot{Site: DeepPage{OK: true, Epoch: 1}}, p))
}
