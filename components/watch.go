package components

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/images"
)

// Periods of metrics, in seconds.
const (
	minutely = 60
	hourly   = 60 * 60
	daily    = 24 * hourly
)

func ofDatabase(identifier pulumi.StringInput) map[string]pulumi.StringInput {
	return map[string]pulumi.StringInput{"DBInstanceIdentifier": identifier}
}

// ReplicaAlarms watch that a replica receives what its source writes. RDS shows a lag of -1 when replication does
// not run, and none of a replica that is no more: both are below any lag.
func ReplicaAlarms(identifier pulumi.StringInput, maxLag time.Duration) []Alarm {
	return []Alarm{{
		Name:     "replica-lag",
		Happened: fmt.Sprintf("for five minutes the replica has been more than %s behind production, so a failover would be refused", maxLag),
		Remedy:   "look in production for a long transaction or a large import; if there is none, the replica needs a larger database.class",
		Metric:   "AWS/RDS ReplicaLag", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Above, Threshold: pulumi.Float64(maxLag.Seconds()), PeriodSeconds: minutely, Periods: 5,
	}, {
		Name:     "replica-stopped",
		Happened: "for ten minutes the replica has received nothing",
		Remedy:   "if visitors are not served, production may be lost: decide whether to fail over; otherwise run pilotlight check, which names the error of the replication",
		Metric:   "AWS/RDS ReplicaLag", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Below, Threshold: pulumi.Float64(0), PeriodSeconds: minutely, Periods: 10, Silence: SilenceBad,
	}}
}

// StorageAlarm watches that a database's storage, which is of so many GiB, keeps growing. RDS lets it grow when less than a tenth is
// free (USER_PIOPS.StorageTypes), so less than that for half an hour is the ceiling.
func StorageAlarm(identifier pulumi.StringInput, storageGiB pulumi.IntInput) Alarm {
	tenth := storageGiB.ToIntOutput().ApplyT(func(gib int) float64 { return float64(gib) / 10 * (1 << 30) }).(pulumi.Float64Output)
	return Alarm{
		Name:     "storage",
		Happened: "for half an hour less than a tenth of the database's storage has been free, and RDS has not let it grow: a full database stops",
		Remedy:   "raise database.maxStorageGiB on both sides, and run pilotlight deploy",
		Metric:   "AWS/RDS FreeStorageSpace", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Below, Threshold: tenth, PeriodSeconds: 5 * minutely, Periods: 6,
	}
}

// MediaBehindAlarm watches, in the region of the bucket that receives them, how late copies arrive. S3 publishes what is pending and
// how late it is where the copies go (https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html), and nothing while
// there is nothing to copy.
func MediaBehindAlarm(source string, bucket pulumi.StringInput, rule string) Alarm {
	return Alarm{
		Name:     "media-behind",
		Happened: "for a quarter of an hour S3 has been more than an hour behind with its copies: a failover now would miss the files of that time",
		Remedy:   "wait, if many files were uploaded; if it lasts, look at AWS Health for S3 in both regions",
		Metric:   "AWS/S3 ReplicationLatency", Of: ofReplication(pulumi.String(source), bucket, rule), Statistic: "Maximum",
		Is: Above, Threshold: pulumi.Float64(time.Hour.Seconds()), PeriodSeconds: 5 * minutely, Periods: 3,
	}
}

// MediaFailedAlarm watches, in the region of the bucket that sends them, that S3 gives up no copy: it publishes failures where the
// originals are, unlike all else that it measures of copies (the same page).
func MediaFailedAlarm(stack, peer string, bucket pulumi.StringInput, destination, rule string) Alarm {
	return Alarm{
		Name:     "media-failed",
		Happened: "S3 could not copy a file to the other side's bucket, and tries no more",
		Remedy:   fmt.Sprintf("run pilotlight media sync --from %s --to %s, which copies what is missing; if it happens again, look at the role and the rule of the replication", stack, peer),
		Metric:   "AWS/S3 OperationsFailedReplication", Of: ofReplication(bucket, pulumi.String(destination), rule), Statistic: "Sum",
		Is: Above, Threshold: pulumi.Float64(0), PeriodSeconds: 5 * minutely, Periods: 1,
	}
}

func ofReplication(source, destination pulumi.StringInput, rule string) map[string]pulumi.StringInput {
	return map[string]pulumi.StringInput{"SourceBucket": source, "DestinationBucket": destination, "RuleId": pulumi.String(rule)}
}

// CertificateAlarm watches a certificate of ACM. ACM renews its own 45 days before their end or earlier, while a balancer shows
// them; it renews none that was imported (https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html). It measures
// nothing before a certificate is issued, and nothing once it has expired: so silence leaves the alarm as it is.
func CertificateAlarm(arn pulumi.StringInput) Alarm {
	return Alarm{
		Name:     "certificate",
		Happened: "the site's certificate in this region ends within 30 days",
		Remedy:   "run pilotlight check, which names what keeps ACM from renewing it; import the successor of one that was imported into the same ARN",
		Metric:   "AWS/CertificateManager DaysToExpiry", Of: map[string]pulumi.StringInput{"CertificateArn": arn}, Statistic: "Minimum",
		Is: Below, Threshold: pulumi.Float64(30), PeriodSeconds: daily, Periods: 1, Silence: SilenceKeep,
	}
}

// The newest image is late when it is so many hours old and has not arrived in imageWaits more. The second is the time
// that a side has which has just become a standby, and begins with an old image.
const (
	imageLate  = 3
	imageWaits = 4
)

// ImageAlarms watch that the newest image of the other side arrives, and that the function which brings it runs. Lambda counts
// errors, of which there may be none, at each run: none counted is no run. How far behind the images are the function does not
// measure while the other region is lost, so that silence says nothing.
func ImageAlarms(site, stack, function string) []Alarm {
	return []Alarm{{
		Name:     "image-late",
		Happened: fmt.Sprintf("for %d hours this region has been waiting for the newest image of the active side: a failover now would start an older one", imageWaits),
		Remedy:   "run pilotlight images sync, which says what is in the way",
		Metric:   awsclient.Namespace + " " + images.BehindMetric, Of: map[string]pulumi.StringInput{"Site": pulumi.String(site), "Stack": pulumi.String(stack)}, Statistic: "Maximum",
		Is: Above, Threshold: pulumi.Float64(imageLate * hourly), PeriodSeconds: hourly, Periods: imageWaits,
	}, {
		Name:     "image-sync",
		Happened: "for three hours the function that brings images here has failed, or has not run",
		Remedy:   "read its log in CloudWatch Logs (/aws/lambda/" + function + "), or run pilotlight images sync, which says the same; if the log ends, look at the function and at the rule " + function + "-sweep, which runs it",
		Metric:   "AWS/Lambda Errors", Of: map[string]pulumi.StringInput{"FunctionName": pulumi.String(function)}, Statistic: "Sum",
		Is: AtLeast, Threshold: pulumi.Float64(1), PeriodSeconds: hourly, Periods: 3, Silence: SilenceBad,
	}}
}

// DrillAlarm watches that a drill's database is not there for longer than a day: as long as it is, RDS measures it.
func DrillAlarm(identifier string) Alarm {
	return Alarm{
		Name:     "drill-left",
		Happened: "a drill has been left for a day, and costs what an active side costs",
		Remedy:   "end it: pilotlight drill --end",
		Metric:   "AWS/RDS FreeStorageSpace", Of: ofDatabase(pulumi.String(identifier)), Statistic: "SampleCount",
		Is: AtLeast, Threshold: pulumi.Float64(1), PeriodSeconds: hourly, Periods: 24,
	}
}

// FormerAlarm watches that a former database of a stack, by its generation, is not kept for longer than a week. CloudWatch looks
// back to when it served, so that it is there says nothing: that it has no connection does. RDS's own connections do not count
// (RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS", DatabaseConnections).
func FormerAlarm(stack, identifier string, generation int) Alarm {
	return Alarm{
		Name:     fmt.Sprintf("former-%d", generation),
		Happened: fmt.Sprintf("for a week the former database %s, which is paid for, has had no connection", identifier),
		Remedy:   fmt.Sprintf("when nothing in it is missed, end it with pilotlight retire %s %d, which leaves a final snapshot where RDS can take one", stack, generation),
		Metric:   "AWS/RDS DatabaseConnections", Of: ofDatabase(pulumi.String(identifier)), Statistic: "Maximum",
		Is: Below, Threshold: pulumi.Float64(1), PeriodSeconds: daily, Periods: 7,
	}
}

// ReadinessAlarm watches that a check has found the stack ready for a failover within so many hours: pilotlight
// check --publish writes that, and silence is as bad as a check that says NO.
func ReadinessAlarm(namespace, site, stack string, hours int) Alarm {
	return Alarm{
		Name:     "readiness",
		Happened: fmt.Sprintf("for %d hours no check has found this stack ready for a failover: it was not, or no check ran", hours),
		Remedy:   "run pilotlight check and do what it says; if it is ready, find out why the scheduled check does not run, or does not publish",
		Metric:   namespace + " Ready", Of: map[string]pulumi.StringInput{"Site": pulumi.String(site), "Stack": pulumi.String(stack)}, Statistic: "Maximum",
		Is: Below, Threshold: pulumi.Float64(1), PeriodSeconds: hourly, Periods: hours, Silence: SilenceBad,
	}
}

// ErrorsAlarm watches what visitors get from a balancer. RequestCount has no requests for which there was no
// instance, so those count beside it.
func ErrorsAlarm(balancer pulumi.StringInput) Alarm {
	return Alarm{
		Name:     "errors",
		Happened: "for five minutes more than a twentieth of the visitors' requests have failed (5xx)",
		Remedy:   "run pilotlight status, and read what the instances have logged",
		Ratio:    "100*(FILL(instances,0)+FILL(balancer,0))/(FILL(requests,0)+FILL(balancer,0))",
		Metrics: map[string]string{
			"instances": "AWS/ApplicationELB HTTPCode_Target_5XX_Count", "balancer": "AWS/ApplicationELB HTTPCode_ELB_5XX_Count", "requests": "AWS/ApplicationELB RequestCount",
		},
		Of: map[string]pulumi.StringInput{"LoadBalancer": balancer}, Statistic: "Sum",
		Is: Above, Threshold: pulumi.Float64(5), PeriodSeconds: minutely, Periods: 5,
	}
}

// InstancesAlarm watches that at least so many instances are healthy behind a balancer.
func InstancesAlarm(balancer, targets pulumi.StringInput, least int) Alarm {
	return Alarm{
		Name:     "instances",
		Happened: fmt.Sprintf("for 15 minutes fewer than %d instances have been healthy", least),
		Remedy:   "the group replaces what is unhealthy; if new ones fail too, read what they have logged, and the group's activities in EC2",
		Metric:   "AWS/ApplicationELB HealthyHostCount", Of: map[string]pulumi.StringInput{"LoadBalancer": balancer, "TargetGroup": targets}, Statistic: "Maximum",
		Is: Below, Threshold: pulumi.Float64(least), PeriodSeconds: minutely, Periods: 15, Silence: SilenceBad,
	}
}

// ConnectionsAlarm watches that instances, which can open so many connections to a database when all of them run, have some left.
func ConnectionsAlarm(identifier pulumi.StringInput, most int) Alarm {
	limit := most * 3 / 4
	return Alarm{
		Name:     "connections",
		Happened: fmt.Sprintf("for five minutes the database has had more than %d connections, three quarters of what all instances can open: visitors may soon wait for pages", limit),
		Remedy:   "look for slow queries (the slow query log is in CloudWatch Logs); else raise app.max, or choose a larger app.instanceType or database.class",
		Metric:   "AWS/RDS DatabaseConnections", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Above, Threshold: pulumi.Float64(limit), PeriodSeconds: minutely, Periods: 5,
	}
}

// slowSeconds is for how long a visitor waits for a page at the most, on average.
const slowSeconds = 3

// SlowAlarm watches how long visitors wait behind a balancer. Where all processes of PHP are busy, requests wait for one, and the
// balancer counts that time, too.
func SlowAlarm(balancer pulumi.StringInput) Alarm {
	return Alarm{
		Name:     "slow",
		Happened: fmt.Sprintf("for five minutes visitors have waited for more than %d seconds on average", slowSeconds),
		Remedy:   "look for slow queries (the slow query log is in CloudWatch Logs), and at the processor of database and instances; else raise app.min, or choose a larger app.instanceType or database.class",
		Metric:   "AWS/ApplicationELB TargetResponseTime", Of: map[string]pulumi.StringInput{"LoadBalancer": balancer}, Statistic: "Average",
		Is: Above, Threshold: pulumi.Float64(slowSeconds), PeriodSeconds: minutely, Periods: 5,
	}
}
