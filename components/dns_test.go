package components

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecordNeverFlipsByItself(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
			first, err := ssm.NewParameter(ctx, "first", &ssm.ParameterArgs{Type: pulumi.String("String")})
			if err != nil {
				return err
			}
			_, err = NewRecord(ctx, "blog-dr", RecordArgs{
				Name:   "blog-dr-record-3",
				ZoneID: "Z9", Domain: "www.example.com", Names: []string{"example.com"}, Overwrite: overwrite, After: []pulumi.Resource{first},
				BalancerDNSName: pulumi.String("lb.example.net"), BalancerZoneID: pulumi.String("Z1"),
			})
			return err
		})
		records := c.of("route53/record:Record")
		require.Len(t, records, 2)
		record, alias := records[0], records[1]
		assert.Equal(t, "blog-dr-record-3", record.Name, "the name carries the epoch")
		assert.True(t, record.Retained, "by then it may lead elsewhere")
		assert.Equal(t, overwrite, record.Inputs["allowOverwrite"])
		assert.Equal(t, map[string]any{"name": "lb.example.net", "zoneId": "Z1", "evaluateTargetHealth": false},
			at(t, record.Inputs, "aliases", 0))
		assert.True(t, record.needs("ssm/parameter:Parameter", "first"))

		assert.True(t, alias.Retained)
		assert.True(t, alias.needs("route53/record:Record", "blog-dr-record-3"), "Route 53 refuses an alias to a record that is not there")
		assert.Equal(t, map[string]any{"name": "www.example.com", "zoneId": "Z9", "evaluateTargetHealth": false},
			at(t, alias.Inputs, "aliases", 0), "it follows the domain, and is never changed")
	}
}
