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
		Is: Above, Threshold: maxLag.Seconds(), PeriodSeconds: minutely, Periods: 5,
	}, {
		Name:     "replica-stopped",
		Happened: "for ten minutes the replica has received nothing",
		Remedy:   "if visitors are not served, production may be lost: decide whether to fail over; otherwise run pilotlight check, which names the error of the replication",
		Metric:   "AWS/RDS ReplicaLag", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Below, Threshold: 0, PeriodSeconds: minutely, Periods: 10, Silence: true,
	}}
}

// StorageAlarm watches that a database's storage, of so many GiB when it was made, keeps growing. RDS lets it
// grow when less than a tenth is free (USER_PIOPS.StorageTypes), so less than that for half an hour is the ceiling.
func StorageAlarm(identifier pulumi.StringInput, storageGiB int) Alarm {
	return Alarm{
		Name:     "storage",
		Happened: fmt.Sprintf("for half an hour less than %.1f GiB of the database's storage have been free, and RDS has not let it grow: a full database stops", float64(storageGiB)/10),
		Remedy:   "raise database.maxStorageGiB on both sides, and run pilotlight deploy",
		Metric:   "AWS/RDS FreeStorageSpace", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Below, Threshold: float64(storageGiB) / 10 * (1 << 30), PeriodSeconds: 5 * minutely, Periods: 6,
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
		Is: Above, Threshold: time.Hour.Seconds(), PeriodSeconds: 5 * minutely, Periods: 3,
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
		Is: Above, Threshold: 0, PeriodSeconds: 5 * minutely, Periods: 1,
	}
}

func ofReplication(source, destination pulumi.StringInput, rule string) map[string]pulumi.StringInput {
	return map[string]pulumi.StringInput{"SourceBucket": source, "DestinationBucket": destination, "RuleId": pulumi.String(rule)}
}

// CertificateAlarm watches a certificate of ACM. ACM renews its own 45 days before their end or earlier, while a balancer shows
// them; it renews none that was imported (https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html).
func CertificateAlarm(arn pulumi.StringInput) Alarm {
	return Alarm{
		Name:     "certificate",
		Happened: "the site's certificate in this region ends within 30 days",
		Remedy:   "run pilotlight check, which names what keeps ACM from renewing it; import the successor of one that was imported into the same ARN",
		Metric:   "AWS/CertificateManager DaysToExpiry", Of: map[string]pulumi.StringInput{"CertificateArn": arn}, Statistic: "Minimum",
		Is: Below, Threshold: 30, PeriodSeconds: daily, Periods: 1,
	}
}

// The newest image is late when it is so many hours old and has not arrived in imageWaits more. The second is the time
// that a side has which has just become a standby, and begins with an old image.
const (
	imageLate  = 3
	imageWaits = 4
)

// ImageAlarms watch that the newest image of the other side arrives, and that the function which brings it runs.
func ImageAlarms(site, stack, function string) []Alarm {
	return []Alarm{{
		Name:     "image-late",
		Happened: fmt.Sprintf("for %d hours this region has been waiting for the newest image of the active side: a failover now would start an older one", imageWaits),
		Remedy:   "run pilotlight images sync, which says what is in the way",
		Metric:   awsclient.Namespace + " " + images.BehindMetric, Of: map[string]pulumi.StringInput{"Site": pulumi.String(site), "Stack": pulumi.String(stack)}, Statistic: "Maximum",
		Is: Above, Threshold: imageLate * hourly, PeriodSeconds: hourly, Periods: imageWaits,
	}, {
		Name:     "image-sync",
		Happened: "for three hours the function that brings images here has failed",
		Remedy:   "read its log in CloudWatch Logs (/aws/lambda/" + function + "), or run pilotlight images sync, which says the same",
		Metric:   "AWS/Lambda Errors", Of: map[string]pulumi.StringInput{"FunctionName": pulumi.String(function)}, Statistic: "Sum",
		Is: AtLeast, Threshold: 1, PeriodSeconds: hourly, Periods: 3,
	}}
}

// DrillAlarm watches that a drill's database is not there for longer than a day: as long as it is, RDS measures it.
func DrillAlarm(identifier string) Alarm {
	return Alarm{
		Name:     "drill-left",
		Happened: "a drill has been left for a day, and costs what an active side costs",
		Remedy:   "end it: pilotlight drill --end",
		Metric:   "AWS/RDS FreeStorageSpace", Of: ofDatabase(pulumi.String(identifier)), Statistic: "SampleCount",
		Is: AtLeast, Threshold: 1, PeriodSeconds: hourly, Periods: 24,
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
		Is: Below, Threshold: 1, PeriodSeconds: daily, Periods: 7,
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
		Is: Below, Threshold: 1, PeriodSeconds: hourly, Periods: hours, Silence: true,
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
		Is: Above, Threshold: 5, PeriodSeconds: minutely, Periods: 5,
	}
}

// InstancesAlarm watches that at least so many instances are healthy behind a balancer.
func InstancesAlarm(balancer, targets pulumi.StringInput, least int) Alarm {
	return Alarm{
		Name:     "instances",
		Happened: fmt.Sprintf("for 15 minutes fewer than %d instances have been healthy", least),
		Remedy:   "the group replaces what is unhealthy; if new ones fail too, read what they have logged, and the group's activities in EC2",
		Metric:   "AWS/ApplicationELB HealthyHostCount", Of: map[string]pulumi.StringInput{"LoadBalancer": balancer, "TargetGroup": targets}, Statistic: "Maximum",
		Is: Below, Threshold: float64(least), PeriodSeconds: minutely, Periods: 15, Silence: true,
	}
}

// ConnectionsAlarm watches that a database keeps connections free, of the most that it takes.
func ConnectionsAlarm(identifier pulumi.StringInput, most int) Alarm {
	limit := most * 3 / 4
	return Alarm{
		Name:     "connections",
		Happened: fmt.Sprintf("for five minutes the database has had more than %d connections, three quarters of what its class takes: visitors may wait for pages", limit),
		Remedy:   "look for slow queries (the slow query log is in CloudWatch Logs); else choose a larger database.class",
		Metric:   "AWS/RDS DatabaseConnections", Of: ofDatabase(identifier), Statistic: "Maximum",
		Is: Above, Threshold: float64(limit), PeriodSeconds: minutely, Periods: 5,
	}
}
