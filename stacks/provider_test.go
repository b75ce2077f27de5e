package stacks

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
)

// provided keeps the inputs of the provider, and says whose the credentials are.
type provided struct{ inputs resource.PropertyMap }

func (p *provided) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	p.inputs = args.Inputs
	return "aws-id", args.Inputs, nil
}

func (p *provided) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "123456789012"}), nil
}

// TestProviderCallsS3AsTheClientsDo holds that the provider puts a bucket into the path where the clients do, and that its inputs stay
// what they are where AWS is called.
func TestProviderCallsS3AsTheClientsDo(t *testing.T) {
	t.Parallel()
	provide := func(clients func(context.Context, string, string) (aws.Config, error)) (resource.PropertyMap, error) {
		p := &provided{}
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, account, err := NewProvider(ctx, config.Config{Region: "us-east-2", Profile: "recovery", Accounts: []string{"123456789012"}}, clients, map[string]string{"site": "blog"})
			if err == nil {
				assert.Equal(t, "123456789012", account)
			}
			return err
		}, pulumi.WithMocks("pilotlight", "dr", p))
		return p.inputs, err
	}
	at := func(endpoint *string) func(context.Context, string, string) (aws.Config, error) {
		return func(_ context.Context, region, profile string) (aws.Config, error) {
			assert.Equal(t, []string{"us-east-2", "recovery"}, []string{region, profile})
			return aws.Config{Region: region, BaseEndpoint: endpoint}, nil
		}
	}
	inputs, err := provide(at(nil))
	require.NoError(t, err)
	assert.NotContains(t, inputs, resource.PropertyKey("s3UsePathStyle"))
	assert.Equal(t, "recovery", inputs["profile"].StringValue())
	inputs, err = provide(at(aws.String("http://moto:5000")))
	require.NoError(t, err)
	assert.Contains(t, inputs, resource.PropertyKey("s3UsePathStyle"))
	_, err = provide(func(context.Context, string, string) (aws.Config, error) {
		return aws.Config{}, errors.New("no such profile")
	})
	assert.ErrorContains(t, err, "preparing to call AWS in us-east-2: no such profile")
}
