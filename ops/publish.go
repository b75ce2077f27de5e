package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/estimate"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// PublishedCheck is a check for a failover whose result was published, for all who read the state's backend.
type PublishedCheck struct {
	Checked
	// Ready reports that nothing was missing.
	Ready bool `json:"ready"`
	// Recover is how long a failover would have taken; nil when that was not found out.
	Recover *estimate.Range `json:"recover,omitempty"`
	// LossSeconds is what it would have lost; nil when that was not measured.
	LossSeconds *float64 `json:"lossSeconds,omitempty"`
	// Serving is with how many instances production served; 0 where that was not found out.
	Serving int `json:"serving,omitempty"`
	// ServingUnread is why that could not be found out, a sentence; empty where it was, and where no stack made production.
	ServingUnread string `json:"servingUnread,omitempty"`
}

// publishFor bounds what the backend, and AWS, are asked to keep.
const publishFor = time.Minute

// Publish writes the result of a check for a failover to two places: into the state's backend, as a file with one line
// of JSON, and to CloudWatch in the region of the stack that would take over. There a failover finds how many
// instances production served with. If one of them fails, the other is still written. Pulumi Cloud keeps no files.
func (s *Site) Publish(ctx context.Context, ready Readiness) (PublishedCheck, error) {
	published := PublishedCheck{Checked: s.checkedBy(ready), Ready: ready.Err() == nil}
	found := failover.Readiness{Site: s.Name, Stack: ready.Stack, Ready: published.Ready}
	if plan := ready.Plan; plan != nil && plan.Estimate != nil {
		published.Recover, found.Recover = &plan.Estimate.Takes, plan.Estimate.Takes.Most
	}
	if plan := ready.Plan; plan != nil && plan.Verdict != nil && plan.Verdict.LastGood != nil {
		found.Loss = &plan.Verdict.LastGood.Value
		seconds := found.Loss.Seconds()
		published.LossSeconds = &seconds
	}
	published.Serving, published.ServingUnread = s.serving(ctx, ready.Stack)
	found.Serving = published.Serving
	bounded, cancel := context.WithTimeout(ctx, publishFor)
	defer cancel()
	err := errors.Join(s.keepPublished(bounded, published), s.publishMetrics(bounded, found))
	if err != nil {
		err = fmt.Errorf("the check was not published whole: %w", err)
	}
	return published, err
}

// serving is with how many instances the peer of a stack serves; 0 where there is none that leads, and where that could not
// be read: unread says why. Its region need not answer.
func (s *Site) serving(ctx context.Context, standby string) (count int, unread string) {
	sides, _, err := s.readable(ctx)
	if err != nil {
		return 0, "with how many instances production serves is not known, since a state could not be read: " + err.Error()
	}
	_, other, err := find(sides, standby)
	if err != nil || other == nil || !other.State.Claim.Leads() {
		return 0, ""
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	if count, err = s.runtimeOf(*other).WantedInstances(bounded); err != nil {
		return 0, fmt.Sprintf("with how many instances %s serves could not be read, so a failover goes by earlier checks: %s", other.name(), silence(err, askFor))
	}
	return count, ""
}

func (s *Site) keepPublished(ctx context.Context, published PublishedCheck) error {
	line, err := json.Marshal(published)
	if err != nil {
		return err
	}
	store, err := s.store(ctx)
	if errors.Is(err, backend.ErrOpaque) {
		return nil // it keeps states alone
	}
	if err != nil {
		return err
	}
	return store.KeepReadiness(ctx, s.Name, published.At, append(line, '\n'))
}

// publishMetrics writes to the region of the stack that a check was about; where it was about none, as when the
// files disagree, to that of the standby by the files.
func (s *Site) publishMetrics(ctx context.Context, found failover.Readiness) error {
	configs, err := s.configs()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(configs, func(c config.Config) bool {
		return c.Stack == found.Stack || found.Stack == "" && c.Role == roles.Standby
	})
	if at < 0 {
		at = 0
	}
	of := configs[at]
	found.Stack = of.Stack
	return failover.New(s.options.Env, failover.Site{Policy: checks.Policy{Region: of.Region}, Profile: of.Profile}).PublishReadiness(ctx, found)
}

// PublishedChecks are the last checks of the site that were published, at most so many, the newest first. What
// another version has written otherwise is left out.
func (s *Site) PublishedChecks(ctx context.Context, most int) (_ []PublishedCheck, err error) {
	defer noteRead(ctx, &err)
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := store.Readiness(ctx, s.Name, most)
	if err != nil {
		return nil, err
	}
	all := []PublishedCheck{}
	for _, line := range lines {
		var one PublishedCheck
		if json.Unmarshal(line, &one) == nil && !one.At.IsZero() {
			all = append(all, one)
		}
	}
	return all, nil
}

// lastPublished is the last check that was published; nil for none, and where the backend does not tell.
func (s *Site) lastPublished(ctx context.Context) *PublishedCheck {
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	last, err := s.PublishedChecks(bounded, 1)
	if err != nil || len(last) == 0 {
		return nil
	}
	return &last[0]
}
