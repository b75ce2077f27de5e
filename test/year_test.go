package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/price"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// A year is a site over a year, in steps of hours.
type year struct {
	*scenario.Stage
	t      *testing.T
	site   *ops.Site
	active string // region that serves
	lost   string // region that is lost
	baked  int
	looked int // checks by a person
	began  time.Time
	ran    time.Time // functions have run up to then

	requested []int // days on which a deployment requested another certificate

	prices price.Table
	bill   float64 // of a month, as last printed
	due    float64 // by the bills that were printed
	paid   float64 // as metered
}

const (
	step  = 6 * time.Hour // how often the year looks at what has fallen due
	month = 28            // days between two checks by a person
)

// live has days go by: functions run, alarms are judged, and on every seventh day an image is made.
func (y *year) live(days int) {
	y.t.Helper()
	w := y.World
	for end := w.Clock().Now().AddDate(0, 0, days); w.Clock().Now().Before(end); {
		since := w.Clock().Now()
		if week := int(since.Sub(y.began) / (7 * 24 * time.Hour)); week >= y.baked && y.lost == "" {
			y.baked++
			bake(w, y.active, fmt.Sprintf("ami-%017x", y.baked))
			if old := fmt.Sprintf("ami-%017x", y.baked-2); y.baked > 2 { // who makes images keeps two
				for _, region := range []string{"us-west-2", "us-east-2"} {
					_ = w.DeregisterImage(region, old) // it is in one of them
				}
			}
		}
		if months := int(since.Sub(y.began).Hours()) / (month * 24); months > y.looked && y.lost == "" {
			y.looked = months
			y.look()
		}
		y.meter()
		y.due += y.bill * step.Hours() / hoursOfMonth
		w.Clock().Advance(step)
		failed := map[string]float64{}
		runs := w.Invocations(y.ran) // and while the site moved
		y.ran = w.Clock().Now()
		for _, run := range runs {
			if _, ran := failed[run.Region]; !ran { // another look in the same step sees the same
				failed[run.Region] = 0
				if images.Run(y.t.Context(), func(key string) string { return run.Environment[key] }, y.Face().Config(run.Region), w.Clock().Now, func(string) {}) != nil {
					failed[run.Region] = 1
				}
			}
			require.NoError(y.t, w.PutMetrics([]sim.Published{{
				Region: run.Region, Metric: "AWS/Lambda Errors", Dimensions: map[string]string{"FunctionName": run.Function}, Value: failed[run.Region], At: run.At,
			}}))
		}
		require.NoError(y.t, w.EvaluateAlarms(since))
	}
}

// look is what a person does each month: check, and deploy where ACM does not renew the standby's certificate.
func (y *year) look() {
	y.t.Helper()
	if !y.certified() {
		_, err := y.site.Deploy(y.t.Context(), ops.Run{})
		require.NoError(y.t, err)
		y.requested = append(y.requested, int(y.World.Clock().Now().Sub(y.began).Hours())/24)
		assert.True(y.t, y.certified(), "another certificate is there")
	}
}

// certified reports whether the check finds nothing wrong with the standby's certificate.
func (y *year) certified() bool {
	y.t.Helper()
	ready, err := y.site.Check(y.t.Context(), ops.ForFailover, "", ops.Run{})
	require.NoError(y.t, err)
	wrong := slices.IndexFunc(ready.Requirements, func(r ops.Requirement) bool { return r.Subject == "certificate" && !r.OK })
	if wrong >= 0 {
		assert.Equal(y.t, checks.CertificateUnused, ready.Requirements[wrong].Code)
	}
	return wrong < 0
}

// shown is the certificate that the balancer of a region shows.
func (y *year) shown(region string) sim.Certificate {
	y.t.Helper()
	var arn string
	y.World.ByHand(func(o *sim.Object) bool {
		if at, _ := o.Props["certificateArn"].(string); o.Type == "aws:lb/listener:Listener" && o.Region == region && at != "" {
			arn = at
		}
		return true
	})
	c, err := y.World.Certificate(region, arn)
	require.NoError(y.t, err)
	return c
}

const hoursOfMonth = 730

// print is what pilotlight cost says now of a month: as things stand, or as the files say while a region can't be asked.
func (y *year) print() {
	y.t.Helper()
	bill, err := y.site.Cost(y.t.Context(), ops.CostOptions{Measured: y.lost == ""})
	require.NoError(y.t, err)
	require.Empty(y.t, bill.NotPriced)
	y.bill = bill.Month
}

// meter counts what stands in AWS, for a step.
func (y *year) meter() {
	add := func(region string, item price.Item, amount float64) {
		p, found := y.prices.Of(region, item)
		require.True(y.t, found, "%s has no price in %s", item, region)
		hours := step.Hours()
		if unit := item.Unit(); unit != price.Hour { // the rest is by the month
			hours /= hoursOfMonth
		}
		y.paid += p.Amount * amount * hours
	}
	y.World.ByHand(func(o *sim.Object) bool {
		number := func(prop string) float64 { n, _ := o.Props[prop].(float64); return n }
		text := func(prop string) price.Item { s, _ := o.Props[prop].(string); return price.Item(s) }
		switch o.Type {
		case "aws:rds/instance:Instance":
			nodes := 1.0
			if o.Props["multiAz"] == true {
				nodes = 2
			}
			add(o.Region, text("instanceClass"), nodes)
			add(o.Region, price.DatabaseStorage, nodes*number("allocatedStorage"))
		case "aws:elasticache/replicationGroup:ReplicationGroup":
			add(o.Region, text("nodeType"), number("numCacheClusters"))
		case "aws:lb/loadBalancer:LoadBalancer":
			add(o.Region, price.Balancer, 1)
			add(o.Region, price.Address, float64(len(o.Props["subnets"].([]any))))
		case "aws:ec2/natGateway:NatGateway":
			add(o.Region, price.NATGateway, 1)
		case "aws:ec2/eip:Eip":
			add(o.Region, price.Address, 1)
		case "aws:autoscaling/group:Group":
			for _, m := range o.Machines {
				add(o.Region, price.Item(m.Type), 1)
				add(o.Region, price.Disk, 20)
				add(o.Region, price.LogIngestion, 0.5) // as docs/cost.md says
				add(o.Region, price.LogStorage, 0.5)
			}
		case "aws:secretsmanager/secret:Secret":
			add(o.Region, price.Secret, 1)
		case "aws:kms/key:Key":
			add(o.Region, price.Key, 1)
		case "aws:cloudwatch/metricAlarm:MetricAlarm":
			queries, _ := o.Props["metricQueries"].([]any)
			add(o.Region, price.Alarm, float64(max(1, len(queries)-1))) // one is the expression
		case "aws:lambda/function:Function":
			add(o.Region, price.Metric, 1)
		}
		return true
	})
	for _, region := range []string{"us-west-2", "us-east-2"} {
		add(region, price.Snapshot, float64(20*len(y.World.OwnImages(region, map[string]string{images.SiteTag: "blog"}))))
	}
}

// rang are the alarms that rang since a moment, by their names, once each.
func (y *year) rang(since time.Time) (names []string) {
	for _, ring := range y.World.Rings() {
		if !ring.Began.Before(since) && !slices.Contains(names, ring.Alarm) {
			names = append(names, ring.Alarm)
		}
	}
	slices.Sort(names)
	return names
}

// during has something happen, for days, and returns what rang, all of which has ended a day later.
func (y *year) during(days int, begins, ends func()) []string {
	y.t.Helper()
	since := y.World.Clock().Now()
	begins()
	y.live(days)
	ends()
	y.live(1)
	for _, ring := range y.World.Rings() {
		assert.False(y.t, ring.Ended.IsZero(), "%s still rings", ring.Alarm)
	}
	return y.rang(since)
}

// TestAYear lives through a year: an image a week, certificates that ACM renews where a balancer shows them and a person elsewhere, a replica that stalls twice, a disaster in
// month seven, and the way home in month eight. At its end the newest image is on both sides, no alarm was missed or false, nothing is
// left over, and the bills that were printed beforehand come to what was metered.
func TestAYear(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	w := stage.World
	y := &year{Stage: stage, t: t, active: "us-west-2", began: w.Clock().Now(), ran: w.Clock().Now(), prices: price.BuiltIn()}
	putFunction(t, stage)
	bake(w, "us-west-2", "ami-00000000000000000")
	bake(w, "us-east-2", "ami-00000000000000000")
	for _, stack := range []string{scenario.Production, scenario.Recovery} {
		settings := map[string]string{"images": travels["images"], "app": `{"certificate": "request", "instanceType": "m6i.large", "min": 2}`, "alarms": `{"email": ["oncall@example.com"]}`}
		require.NoError(t, staged.Up(t, stage, stage.Env(), stack, settings))
	}
	site, err := ops.OpenSite(stage.Options(stage.Env()))
	require.NoError(t, err)
	y.site = site
	first := y.shown("us-west-2")
	before := staged.Inventory(w)
	before["us-west-2 snapshot"], before["us-east-2 snapshot"] = 1, 1 // the last ones of both databases that were retired
	y.print()
	quiet := w.Clock().Now()
	y.live(50)
	assert.Empty(t, y.rang(quiet), "nothing has happened")

	for _, stall := range []struct{ fault, rings string }{{"lag=12m", "blog-dr-replica-lag"}, {"replication=broken", "blog-dr-replica-stopped"}} {
		rang := y.during(1, func() { staged.Inject(t, stage, stall.fault) }, func() { w.Heal() })
		assert.Equal(t, []string{stall.rings}, rang)
	}
	y.live(138)
	assert.Equal(t, []int{140}, y.requested, "the standby's certificate, which no balancer shows")
	renewed := y.shown("us-west-2")
	assert.Equal(t, first.ARN, renewed.ARN)
	assert.Greater(t, renewed.Until, first.Until, "ACM renews what a balancer shows")

	// Month seven.
	since := w.Clock().Now()
	w.LoseRegion("us-west-2", sim.Hang)
	y.lost = "us-west-2"
	w.Clock().Advance(30 * time.Minute)
	require.NoError(t, w.EvaluateAlarms(since))
	assert.Equal(t, []string{"blog-dr-replica-stopped"}, y.rang(since), "the night begins with an e-mail")
	_, err = site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	y.active = "us-east-2"
	y.print()
	since = w.Clock().Now()
	y.live(20)
	assert.Empty(t, y.rang(since), "the other side serves in peace")

	// Month eight.
	w.ReturnRegion("us-west-2")
	y.lost = ""
	y.live(2)
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	y.print()
	since = w.Clock().Now()
	y.live(5)
	_, err = site.Retire(t.Context(), scenario.Production, 1, ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	y.print()
	y.live(9)
	_, err = site.Failback(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	y.active = "us-west-2"
	y.print()
	y.live(3)
	_, err = site.Retire(t.Context(), scenario.Recovery, 1, ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	y.print()
	y.live(130)
	assert.Empty(t, y.rang(since), "nothing that needed a person")

	require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil))
	newest := fmt.Sprintf("ami-%017x", y.baked)
	assert.Equal(t, newest, launches(w, "us-west-2", "prod"))
	copies := w.OwnImages("us-east-2", map[string]string{images.CopyTag: "us-west-2/" + newest})
	if assert.Len(t, copies, 1) {
		assert.Equal(t, copies[0].ID, launches(w, "us-east-2", "dr"))
	}
	assert.Len(t, w.OwnImages("us-east-2", map[string]string{images.CopyTag: ""}), 2, "the last two")
	assert.Equal(t, before, staged.Inventory(w), "nothing is left over")
	assert.InEpsilon(t, y.paid, y.due, 0.05, "the bills that were printed")
	t.Logf("printed %.2f USD, metered %.2f", y.due, y.paid)
	assert.InDelta(t, 365, w.Clock().Now().Sub(y.began).Hours()/24, 15)
}
