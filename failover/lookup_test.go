package failover

import (
	"context"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestZonesOfMocksAreNotLookedUp holds that the machine's resolvers are asked for the name servers of AWS's zones alone: not
// where Route 53 is called at another endpoint, however that is set. It is not parallel: the environment is the process's.
func TestZonesOfMocksAreNotLookedUp(t *testing.T) {
	own := func(context.Context, string) ([]string, error) { return nil, nil }
	is := func(f any) uintptr { return reflect.ValueOf(f).Pointer() }
	for name, tc := range map[string]struct {
		set  string
		env  Env
		want any
	}{
		"AWS":                             {"", Env{}, lookupNS},
		"everything is a mock":            {"AWS_ENDPOINT_URL", Env{}, nil},
		"Route 53 is a mock":              {"AWS_ENDPOINT_URL_ROUTE_53", Env{}, nil},
		"S3 is a mock":                    {"AWS_ENDPOINT_URL_S3", Env{}, lookupNS},
		"a mock, and somebody to ask it":  {"AWS_ENDPOINT_URL", Env{LookupNS: own}, own},
		"AWS, and another way to ask for": {"", Env{LookupNS: own}, own},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.set != "" {
				t.Setenv(tc.set, "http://moto:5000")
			}
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-2"))
			require.NoError(t, err)
			lookup := New(tc.env, Site{}).lookupNS(route53.NewFromConfig(cfg))
			if tc.want == nil {
				assert.Nil(t, lookup)
				assert.Empty(t, delegated(t.Context(), lookup, "example.com"))
				return
			}
			assert.Equal(t, is(tc.want), is(lookup))
		})
	}
}
