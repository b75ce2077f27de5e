package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Ring is a time in which an alarm was in the state ALARM, and its topic was told.
type Ring struct {
	Region string    `json:"region"`
	Alarm  string    `json:"alarm"`
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"` // zero while it rings
}

// Rings are all times in which alarms rang, in the order in which they began.
func (w *World) Rings() []Ring {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.state.Rings)
}

// judged is how often alarms are judged here, at most: CloudWatch does it each minute, which takes long over a year.
const judged = 15 * time.Minute

// EvaluateAlarms has CloudWatch judge each alarm at the end of its periods after since, until now. An alarm rings when all of its last periods are wrong; a period without a value is as the alarm says (CloudWatch User Guide,
// "Alarm evaluation" and "Configuring how alarms treat missing data"). Those of a lost region reach no person.
func (w *World) EvaluateAlarms(since time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	standing := map[string]bool{}
	for _, o := range w.where(func(o *Object) bool { return o.Type == alarmType }) {
		standing[o.Region+"|"+o.ID] = true
		if _, lost := w.lost(o.Region); lost {
			continue
		}
		if err := w.evaluate(o, later(since, o.Ready), now); err != nil {
			return err
		}
	}
	for i, ring := range w.state.Rings { // an alarm that is no more rings no more
		if ring.Ended.IsZero() && !standing[ring.Region+"|"+ring.Alarm] {
			w.state.Rings[i].Ended = now
		}
	}
	return nil
}

func (w *World) evaluate(o *Object, since, now time.Time) error {
	if _, computed := o.Props["metricQueries"].([]any); computed {
		return nil // there are no visitors: its metrics have no values, which is no error
	}
	period := time.Duration(o.number("period")) * time.Second
	looks := o.number("evaluationPeriods")
	every := max(period, judged)
	for end := since.Truncate(every).Add(every); !end.After(now); end = end.Add(every) {
		points, err := w.measures(o, end.Add(-time.Duration(looks)*period), end)
		if err != nil {
			return err
		}
		wrong, known := true, true
		for n := 1; n <= looks && wrong; n++ {
			var measured bool
			wrong, measured = breaches(o, points, end.Add(-time.Duration(n)*period), period)
			known = known && (measured || o.text("treatMissingData") != "ignore")
		}
		if known { // or it stays as it is
			w.ring(o, end, wrong)
		}
	}
	return nil
}

// ring notes that an alarm has begun, or ended.
func (w *World) ring(o *Object, at time.Time, wrong bool) {
	open := slices.IndexFunc(w.state.Rings, func(r Ring) bool { return r.Region == o.Region && r.Alarm == o.ID && r.Ended.IsZero() })
	switch {
	case wrong && open < 0:
		w.state.Rings = append(w.state.Rings, Ring{Region: o.Region, Alarm: o.ID, Began: at})
	case !wrong && open >= 0:
		w.state.Rings[open].Ended = at
	}
}

// breaches judges one period of an alarm, and reports whether there was a value.
func breaches(o *Object, points []Datapoint, from time.Time, period time.Duration) (wrong, measured bool) {
	var values []float64
	for _, p := range points {
		if !p.At.Before(from) && p.At.Before(from.Add(period)) {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return o.text("treatMissingData") == "breaching", false
	}
	value, limit := 0.0, 0.0
	switch o.text("statistic") {
	case "Maximum":
		value = slices.Max(values)
	case "Minimum":
		value = slices.Min(values)
	case "SampleCount":
		value = float64(len(values))
	case "Sum":
		for _, v := range values {
			value += v
		}
	}
	if number, ok := o.Props["threshold"].(float64); ok {
		limit = number
	}
	switch o.text("comparisonOperator") {
	case "GreaterThanThreshold":
		return value > limit, true
	case "GreaterThanOrEqualToThreshold":
		return value >= limit, true
	}
	return value < limit, true
}

// measures are the values of an alarm's metric.
func (w *World) measures(o *Object, from, to time.Time) ([]Datapoint, error) {
	metric := o.text("namespace") + " " + o.text("metricName")
	dimensions, _ := o.Props["dimensions"].(map[string]any)
	of := func(name string) string { return fmt.Sprint(dimensions[name]) }
	database := w.findBy(databaseType, o.Region, "identifier", of("DBInstanceIdentifier"))
	switch metric {
	case "AWS/RDS ReplicaLag":
		if database == nil {
			return nil, nil
		}
		return w.lags(database, from, to), nil
	case "AWS/RDS FreeStorageSpace":
		return w.freeStorage(database, from, to), nil
	case "AWS/RDS DatabaseConnections":
		points := w.freeStorage(database, from, to) // measured as often
		for i := range points {
			points[i].Value = w.connections(database, points[i].At)
		}
		return points, nil
	case "AWS/CertificateManager DaysToExpiry":
		c, found := w.certified(o.Region, of("CertificateArn"))
		if !found || c.Until.IsZero() { // there is none, or it is not issued yet
			return nil, nil
		}
		var points []Datapoint
		// Twice a day, and no more once it has expired (ACM User Guide, "CloudWatch metrics").
		for at := from.Truncate(12 * time.Hour); at.Before(to) && at.Before(c.Until); at = at.Add(12 * time.Hour) {
			points = append(points, Datapoint{at, c.Until.Sub(at).Hours() / 24})
		}
		return points, nil
	case "AWS/S3 ReplicationLatency":
		_, _, late := w.pending(o.Region, of("SourceBucket"), of("DestinationBucket"), of("RuleId"), from, to)
		return late, nil
	case "AWS/ApplicationELB TargetResponseTime", "AWS/S3 OperationsFailedReplication":
		return nil, nil // there are no visitors, and S3 gives up no copy
	case "AWS/ApplicationELB HealthyHostCount":
		return w.healthyHosts(o.Region, of("TargetGroup"), from, to), nil
	}
	if namespace := o.text("namespace"); namespace != "Pilotlight" && namespace != "AWS/Lambda" {
		return nil, fmt.Errorf("alarm %s, metric %s: %w", o.ID, metric, ErrNotModelled)
	}
	return w.putBetween(o.Region, metric, func(of map[string]string) bool {
		return maps.EqualFunc(of, dimensions, func(a string, b any) bool { return a == b })
	}, from, to), nil
}

// connections are those of a database to which a parameter leads instances; others have none.
func (w *World) connections(o *Object, at time.Time) float64 {
	led := slices.ContainsFunc(w.all(parameterType, o.Region), func(p *Object) bool { return w.parameterAt(o.Region, p.ID, at) == o.text("address") })
	if led {
		return usualConnections
	}
	return 0
}

// usualConnections is how many a database has to which instances are led.
const usualConnections = 4

// healthyHosts counts the instances behind a target group, by the minute, while there is a balancer for it.
func (w *World) healthyHosts(region, suffix string, from, to time.Time) (points []Datapoint) {
	balancers := w.all(balancerType, region)
	if len(balancers) == 0 {
		return nil
	}
	var machines []Machine
	for _, group := range w.all(scalingType, region) {
		for _, arn := range group.texts("targetGroupArns") {
			if target := w.findBy(targetsType, region, "arn", arn); target != nil && target.text("arnSuffix") == suffix {
				w.launch(group, w.clock.Now())
				for _, m := range group.launched() {
					machines = append(machines, m.Machine)
				}
			}
		}
	}
	for at := from.Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		healthy := 0
		for _, m := range machines {
			if m.ID != "" && !m.served().After(at) {
				healthy++
			}
		}
		points = append(points, Datapoint{at, float64(healthy)})
	}
	return points
}
