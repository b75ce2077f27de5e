package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/pilotlight-dr/pilotlight/cost"
	"github.com/pilotlight-dr/pilotlight/fileio"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/pricelist"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// CostOptions say where the figures of a bill come from.
type CostOptions struct {
	// Live asks AWS's Price List API for the prices. Without it they are a table that this program
	// holds, and no call is made.
	Live bool
	// Measured reads from the states and from AWS what each side really has: its role, the size of its
	// database and of its media, and former databases. It lists both buckets, which S3 charges for.
	Measured bool
}

// Cost is what the site costs as its files say. Prices of the project's own file (cost.UsageFile) go
// before all others.
func (s *Site) Cost(ctx context.Context, o CostOptions) (_ Bill, err error) {
	defer noteRead(ctx, &err)
	site, err := s.billed()
	if err != nil {
		return Bill{}, err
	}
	site.Prices = price.BuiltIn()
	site.Listed = fmt.Sprintf("on demand, an estimate from a table of %s; --live asks AWS", site.Prices.Made())
	if o.Live {
		if site.Prices, err = s.livePrices(ctx, site); err != nil {
			return Bill{}, err
		}
		site.Listed = fmt.Sprintf("on demand, as AWS's Price List API says on %s", site.At.UTC().Format(time.DateOnly))
	}
	if o.Measured {
		if site.Measured, err = s.measured(ctx); err != nil {
			return Bill{}, err
		}
	}
	bill, err := cost.Of(site)
	return bill, refuseUsage(err)
}

// measureFor bounds what one region is asked for: a large bucket has many pages.
const measureFor = 10 * time.Minute

// measured is what both sides really have. One that was never deployed has nothing.
func (s *Site) measured(ctx context.Context) (map[string]cost.Measured, error) {
	sides, err := s.Sides(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]cost.Measured{}
	for _, side := range sides {
		claim := side.State.Claim
		if claim.Role == "" {
			continue
		}
		m := cost.Measured{Role: claim.Role}
		for _, former := range claim.Former {
			m.Former = append(m.Former, cmp.Or(former.Engine, side.Config.Database.EngineVersion))
		}
		bounded, cancel := context.WithTimeout(ctx, measureFor)
		stored, err := s.runtimeOf(side).Stored(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			return nil, refusal.New(refusal.CodeSilent, "AWS in %s does not say what is stored there (%s): leave out --measured, or try again with credentials that read it",
				side.Config.Region, silence(err, measureFor)).Of(side.Config.Stack)
		}
		if err != nil {
			return nil, err
		}
		m.StorageGiB, m.MediaGiB = stored.Database, stored.Media
		all[side.Config.Stack] = m
	}
	return all, nil
}

// livePrices are those that AWS says now.
func (s *Site) livePrices(ctx context.Context, site cost.Site) (price.Table, error) {
	of := site.Stacks[0]
	cfg, err := s.options.Env.AWS.For(ctx, price.ListRegion(of.Region), of.Profile)
	if err != nil {
		return nil, err
	}
	table, err := pricelist.Read(ctx, cfg, cost.Items(site), site.At)
	if err != nil && ctx.Err() == nil {
		return nil, &refusal.Error{Code: refusal.CodeSilent, Reason: err.Error(), Remedy: "use credentials that may ask for prices (docs/policies/cost.json), or leave out --live", Err: err}
	}
	return table, err
}

// billed is the site without prices.
func (s *Site) billed() (cost.Site, error) {
	site := cost.Site{At: s.now()}
	for _, stack := range s.Stacks() {
		c, err := s.configOf(stack)
		if err != nil {
			return cost.Site{}, err
		}
		site.Stacks = append(site.Stacks, c)
	}
	text, err := fileio.Read(filepath.Join(s.options.Dir, cost.UsageFile))
	if errors.Is(err, fs.ErrNotExist) {
		return site, nil
	}
	if err == nil {
		site.Usage, err = cost.ReadUsage(text)
	}
	return site, refuseUsage(err)
}

// refuseUsage is what is wrong with the usage file, as a refusal.
func refuseUsage(err error) error {
	if err == nil {
		return nil
	}
	reason := strings.ReplaceAll(err.Error(), "\n", "; ")
	return &refusal.Error{Code: refusal.CodeConfig, Reason: reason, Remedy: "docs/cost.md explains " + cost.UsageFile, Err: err}
}
