package components

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DashboardArgs describe what a dashboard shows, all of one region.
type DashboardArgs struct {
	Region, AccountID string
	// Alarms are shown by their states, and by a graph of what each watches.
	Alarms []Alarm
	// Charts are further graphs.
	Charts []Chart
	// After is what comes before the dashboard, and must not wait for it.
	After []pulumi.Resource
}

// A Chart is a graph of metrics of the same dimensions.
type Chart struct {
	Title string
	// Metrics are namespaces and names in them, such as "AWS/RDS FreeStorageSpace"; Of are their dimensions.
	Metrics []string
	Of      map[string]pulumi.StringInput
	// Statistic is what is taken of the values in a period of so many seconds.
	Statistic     string
	PeriodSeconds int
	// Ratio is an expression over Metrics, whose ids are IDs, in the same order; empty is none.
	Ratio string
	IDs   []string
	// Bounds are lines that are drawn across, by their labels.
	Bounds map[string]pulumi.Float64Input
}

// NewDashboard makes the dashboard of a stack, under the stack's name. Dashboards are of the whole account, and shown in
// the console of every region (CloudWatch API Reference, PutDashboard), but what this one shows is in one region.
func NewDashboard(ctx *pulumi.Context, name string, args DashboardArgs, opts ...pulumi.ResourceOption) error {
	var names []string
	for _, alarm := range args.Alarms {
		names = append(names, arn("cloudwatch", args.Region, args.AccountID, "alarm:"+name+"-"+alarm.Name))
	}
	charts := append(chartsOf(args.Alarms), args.Charts...)
	var inputs []any
	for _, c := range charts {
		for _, dimension := range slices.Sorted(maps.Keys(c.Of)) {
			inputs = append(inputs, c.Of[dimension])
		}
		for _, label := range slices.Sorted(maps.Keys(c.Bounds)) {
			inputs = append(inputs, c.Bounds[label])
		}
	}
	body := pulumi.All(inputs...).ApplyT(func(values []any) (string, error) {
		return dashboardBody(args.Region, names, charts, values)
	}).(pulumi.StringOutput)
	_, err := cloudwatch.NewDashboard(ctx, name+"-dashboard", &cloudwatch.DashboardArgs{DashboardName: pulumi.String(name), DashboardBody: body},
		append(opts, pulumi.DependsOn(args.After))...)
	return err
}

// ReadinessCharts show what checks found that publish it (pilotlight check --publish): whether the stack was ready, with a gap
// where no check was made, and what a failover would have taken and lost.
func ReadinessCharts(namespace, site, stack string) []Chart {
	of := map[string]pulumi.StringInput{"Site": pulumi.String(site), "Stack": pulumi.String(stack)}
	return []Chart{
		{Title: "ready at the last checks (1 is yes)", Metrics: []string{namespace + " Ready"}, Of: of, Statistic: "Minimum", PeriodSeconds: hourly},
		{Title: "seconds to recover, and lost", Metrics: []string{namespace + " TimeToRecover", namespace + " DataLoss"}, Of: of, Statistic: "Maximum", PeriodSeconds: hourly},
	}
}

// ConnectionsChart shows what connects to a database, and how busy that is.
func ConnectionsChart(identifier pulumi.StringInput) Chart {
	return Chart{Title: "connections and processor of the database", Metrics: []string{"AWS/RDS DatabaseConnections", "AWS/RDS CPUUtilization"}, Of: ofDatabase(identifier), Statistic: "Maximum", PeriodSeconds: minutely}
}

// chartsOf are graphs of what alarms watch: one for each metric of one thing, with the bounds of all alarms about it. Those
// that only count measurements watch whether something is there, which no graph shows.
func chartsOf(alarms []Alarm) (charts []Chart) {
	for _, a := range alarms {
		if a.Statistic == "SampleCount" {
			continue
		}
		same := func(c Chart) bool {
			return a.Ratio == "" && c.Ratio == "" && c.Metrics[0] == a.Metric && maps.Equal(c.Of, a.Of)
		}
		if i := slices.IndexFunc(charts, same); i >= 0 {
			charts[i].Title += ", " + a.Name
			charts[i].Bounds[a.Name] = a.Threshold
			continue
		}
		c := Chart{Title: a.Name, Metrics: []string{a.Metric}, Of: a.Of, Statistic: a.Statistic, PeriodSeconds: a.PeriodSeconds, Bounds: map[string]pulumi.Float64Input{a.Name: a.Threshold}}
		if a.Ratio != "" {
			c.Ratio, c.IDs, c.Metrics = a.Ratio, slices.Sorted(maps.Keys(a.Metrics)), nil
			for _, id := range c.IDs {
				c.Metrics = append(c.Metrics, a.Metrics[id])
			}
		}
		charts = append(charts, c)
	}
	return charts
}

// widget is one of a dashboard (CloudWatch API Reference, "Dashboard Body Structure and Syntax").
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// The sizes of widgets, in cells of a grid that is 24 wide.
const (
	gridWidth    = 24
	alarmsHeight = 4
	chartWidth   = 8
	chartHeight  = 6
)

// dashboardStart is since when a dashboard shows what was measured, by ISO 8601: some is measured once a day. Within that
// CloudWatch chooses the periods.
const dashboardStart = "-P7D"

// dashboardBody is the text of a dashboard: the states of alarms, by their ARNs, and below them the charts. values are those of
// the charts' dimensions and bounds, chart by chart, and in each in the order of their names.
func dashboardBody(region string, alarms []string, charts []Chart, values []any) (string, error) {
	widgets := []widget{{"alarm", 0, 0, gridWidth, alarmsHeight, map[string]any{"title": "Alarms in " + region, "alarms": alarms}}}
	for i, c := range charts {
		var dimensions, bounds []any
		for _, name := range slices.Sorted(maps.Keys(c.Of)) {
			dimensions, values = append(dimensions, name, values[0]), values[1:]
		}
		bounds, values = values[:len(c.Bounds)], values[len(c.Bounds):]
		perRow := gridWidth / chartWidth
		widgets = append(widgets, widget{"metric", i % perRow * chartWidth, alarmsHeight + i/perRow*chartHeight, chartWidth, chartHeight, c.properties(region, dimensions, bounds)})
	}
	text, err := json.Marshal(map[string]any{"start": dashboardStart, "periodOverride": "auto", "widgets": widgets})
	return string(text), err
}

func (c Chart) properties(region string, dimensions, bounds []any) map[string]any {
	var metrics [][]any
	if c.Ratio != "" {
		metrics = append(metrics, []any{map[string]any{"expression": c.Ratio, "label": c.Title, "id": "ratio", "yAxis": "right"}})
	}
	for i, metric := range c.Metrics {
		namespace, name, _ := strings.Cut(metric, " ")
		line := append([]any{namespace, name}, dimensions...)
		if c.Ratio != "" {
			line = append(line, map[string]any{"id": c.IDs[i]})
		}
		metrics = append(metrics, line)
	}
	p := map[string]any{"region": region, "title": c.Title, "view": "timeSeries", "stat": c.Statistic, "period": c.PeriodSeconds, "metrics": metrics}
	if len(c.Bounds) > 0 {
		var lines []any
		for i, label := range slices.Sorted(maps.Keys(c.Bounds)) {
			line := map[string]any{"label": label, "value": bounds[i]}
			if c.Ratio != "" {
				line["yAxis"] = "right"
			}
			lines = append(lines, line)
		}
		p["annotations"] = map[string]any{"horizontal": lines}
	}
	return p
}
