package components

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown is what a dashboard shows.
type shown struct {
	Start, PeriodOverride string
	Widgets               []struct {
		Type                string
		X, Y, Width, Height int
		Properties          struct {
			Title, Region, Stat string
			Period              int
			Alarms              []string
			Metrics             [][]any
			Annotations         struct {
				Horizontal []struct {
					Label string
					Value float64
				}
			}
		}
	}
}

// TestDashboard holds that a dashboard shows the state of every alarm, and a graph of what each watches, all of one
// region, and that none of them lies on another.
func TestDashboard(t *testing.T) {
	id := pulumi.String("blog-dr-1")
	for name, tc := range map[string]struct {
		alarms []Alarm
		charts []Chart
		titles []string
	}{
		"a standby": {
			append(ReplicaAlarms(id, 300e9), StorageAlarm(id, pulumi.Int(50)), CertificateAlarm(pulumi.String("arn:certificate")), DrillAlarm("blog-dr-drill"),
				MediaBehindAlarm("theirs", pulumi.String("ours"), "media")),
			ReadinessCharts("Pilotlight", "blog", "dr"),
			[]string{"replica-lag, replica-stopped", "storage", "certificate", "media-behind", "ready at the last checks (1 is yes)", "seconds to recover, and lost"},
		},
		"an active side": {
			[]Alarm{StorageAlarm(id, pulumi.Int(50)), InstancesAlarm(pulumi.String("app/lb"), pulumi.String("targetgroup/tg"), 2), ErrorsAlarm(pulumi.String("app/lb")), SlowAlarm(pulumi.String("app/lb")), ConnectionsAlarm(id, 100), FormerAlarm("x", "blog-dr-0", 0), MediaFailedAlarm("x", "y", pulumi.String("ours"), "theirs", "media")},
			[]Chart{ConnectionsChart(id)},
			[]string{"storage", "instances", "errors", "slow", "connections", "former-0", "media-failed", "connections and processor of the database"},
		},
	} {
		for region, partition := range map[string]string{"us-east-2": "aws", "cn-north-1": "aws-cn"} {
			t.Run(name+" in "+region, func(t *testing.T) {
				c := deploy(t, region, func(ctx *pulumi.Context) error {
					return NewDashboard(ctx, "blog-dr", DashboardArgs{Region: region, AccountID: account, Alarms: tc.alarms, Charts: tc.charts})
				})
				made := c.one(t, "cloudwatch/dashboard:Dashboard")
				assert.Equal(t, "blog-dr", made.Inputs["dashboardName"])
				var is shown
				require.NoError(t, json.Unmarshal([]byte(made.Inputs["dashboardBody"].(string)), &is))
				assert.Equal(t, "-P7D", is.Start, "CloudWatch shows three hours by itself, and some is measured once a day")
				assert.Equal(t, "auto", is.PeriodOverride)
				var alarms, titles, bounds []string
				taken := map[[2]int]bool{}
				for _, w := range is.Widgets {
					for x := w.X; x < w.X+w.Width; x++ {
						for y := w.Y; y < w.Y+w.Height; y++ {
							assert.False(t, taken[[2]int{x, y}], "%s lies on another", w.Properties.Title)
							taken[[2]int{x, y}] = true
						}
					}
					assert.LessOrEqual(t, w.X+w.Width, gridWidth)
					if w.Type == "alarm" {
						alarms = w.Properties.Alarms
						continue
					}
					assert.Equal(t, region, w.Properties.Region, w.Properties.Title)
					assert.NotEmpty(t, w.Properties.Metrics)
					assert.Positive(t, w.Properties.Period)
					titles = append(titles, w.Properties.Title)
					for _, line := range w.Properties.Annotations.Horizontal {
						bounds = append(bounds, line.Label)
						if line.Label == "storage" {
							assert.InDelta(t, 5<<30, line.Value, 0)
						}
					}
				}
				assert.Equal(t, tc.titles, titles)
				var want []string
				for _, a := range tc.alarms {
					want = append(want, fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:blog-dr-%s", partition, region, account, a.Name))
					assert.Equal(t, a.Statistic != "SampleCount", slices.Contains(bounds, a.Name), "%s: its bound is in the graph", a.Name)
				}
				assert.Equal(t, want, alarms)
			})
		}
	}
}

// TestDashboardLines holds what a graph draws: metrics by their dimensions, and an expression by the ids of its metrics.
func TestDashboardLines(t *testing.T) {
	t.Parallel()
	charts := append(chartsOf([]Alarm{ErrorsAlarm(pulumi.String("x"))}), ConnectionsChart(pulumi.String("x")))
	text, err := dashboardBody("us-east-2", []string{"arn:alarm"}, charts, []any{"app/lb/1", 5.0, "blog-dr-1"})
	require.NoError(t, err)
	var is shown
	require.NoError(t, json.Unmarshal([]byte(text), &is))
	assert.Equal(t, [][]any{
		{map[string]any{"expression": "100*(FILL(instances,0)+FILL(balancer,0))/(FILL(requests,0)+FILL(balancer,0))", "id": "ratio", "label": "errors", "yAxis": "right"}},
		{"AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", "app/lb/1", map[string]any{"id": "balancer"}},
		{"AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", "app/lb/1", map[string]any{"id": "instances"}},
		{"AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/lb/1", map[string]any{"id": "requests"}},
	}, is.Widgets[1].Properties.Metrics)
	assert.Equal(t, [][]any{
		{"AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", "blog-dr-1"}, {"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "blog-dr-1"},
	}, is.Widgets[2].Properties.Metrics)
}
