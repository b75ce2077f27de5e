package stacks

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/roles"
)

// alarms makes the topic, and what this stack's role asks to be watched. In an active stack they come after
// DNS has moved: no activation waits for them, and those of a standby go when all else is done.
func (s *site) alarms(f *foundation, served *application, database *components.Database) error {
	args := components.AlarmsArgs{
		Region: s.cfg.Region, AccountID: s.account, KeyARN: f.key.ARN, Email: s.cfg.Alarms.Email, Alarms: s.kept(),
	}
	// A replica that is being made must not ring, since it has no measurements yet. An active database is there, and
	// its alarms must not wait for its second zone: it is named without waiting for it.
	var id pulumi.StringInput = database.Identifier
	var storage pulumi.IntInput = database.StorageGiB
	switch {
	case s.plan.Serves():
		id = pulumi.String(s.cfg.DatabaseID(s.plan.Claim.Generation.Number))
		storage = pulumi.Int(knownStorage(s.cfg, s.plan.Claim.Generation, s.own.Published))
		args.Alarms = append(args.Alarms, s.watchSite(f, served, id)...)
		args.After = []pulumi.Resource{served.switched}
	case s.plan.Do != roles.End: // what is being ended replicates nothing
		args.Alarms = append(args.Alarms, s.watchStandby(f, id)...)
	}
	args.Alarms = append(args.Alarms, components.StorageAlarm(id, storage))
	if s.measuredCertificate() {
		args.Alarms = append(args.Alarms, components.CertificateAlarm(f.certificate))
	}
	if _, err := components.NewAlarms(s.Context, s.cfg.Name(), args, pulumi.Provider(s.provider)); err != nil {
		return err
	}
	return s.dashboard(args, id)
}

// dashboard shows the alarms and what they watch. It comes after DNS has moved, as they do.
func (s *site) dashboard(alarms components.AlarmsArgs, database pulumi.StringInput) error {
	if !s.cfg.Alarms.Dashboard {
		return nil
	}
	charts := []components.Chart{components.ConnectionsChart(database)}
	if !s.plan.Claim.Leads() {
		charts = components.ReadinessCharts(awsclient.Namespace, s.cfg.Site, s.cfg.Stack)
	}
	if !s.plan.Claim.Leads() && s.cfg.Alarms.CheckHours > 0 { // its alarm has the first already
		charts = charts[1:]
	}
	return components.NewDashboard(s.Context, s.cfg.Name(), components.DashboardArgs{
		Region: s.cfg.Region, AccountID: s.account, Alarms: alarms.Alarms, Charts: charts, After: alarms.After,
	}, pulumi.Provider(s.provider))
}

// kept watches what may be forgotten, and is paid for, in either role.
func (s *site) kept() (all []components.Alarm) {
	for _, former := range s.plan.Claim.Former {
		all = append(all, components.FormerAlarm(s.cfg.Stack, s.cfg.DatabaseID(former.Number), former.Number))
	}
	return append(all, components.DrillAlarm(s.cfg.DrillName()))
}

// watchStandby watches what a failover needs of a standby.
func (s *site) watchStandby(f *foundation, database pulumi.StringInput) []components.Alarm {
	all := components.ReplicaAlarms(database, time.Duration(s.cfg.Failover.MaxLag))
	if s.peer.Bucket != "" {
		all = append(all, components.MediaBehindAlarm(BucketName(s.peer.Bucket), f.media.Bucket, failover.MediaRule))
	}
	if s.syncPackage != "" {
		all = append(all, components.ImageAlarms(s.cfg.Site, s.cfg.Stack, components.ImageSyncFunction(s.cfg.Name()))...)
	}
	if hours := s.cfg.Alarms.CheckHours; hours > 0 {
		all = append(all, components.ReadinessAlarm(awsclient.Namespace, s.cfg.Site, s.cfg.Stack, hours))
	}
	return all
}

// watchSite watches what visitors get of an active side. While it is frozen they get the maintenance page, which
// is an error on purpose.
func (s *site) watchSite(f *foundation, served *application, database pulumi.StringInput) []components.Alarm {
	all := []components.Alarm{components.InstancesAlarm(served.arnSuffix, f.targets.ARNSuffix, s.cfg.App.Min)}
	if s.plan.Claim.Role == roles.Active {
		all = append(all, components.ErrorsAlarm(served.arnSuffix), components.SlowAlarm(served.arnSuffix))
	}
	if s.peer.Bucket != "" { // or its own sends nothing
		all = append(all, components.MediaFailedAlarm(s.cfg.Stack, s.cfg.PeerName(), f.media.Bucket, BucketName(s.peer.Bucket), failover.MediaRule))
	}
	if most := s.sized().Connections(); most > 0 {
		all = append(all, components.ConnectionsAlarm(database, most))
	}
	return all
}
