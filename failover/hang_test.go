package failover_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
)

// never answers, in real time.
type never struct{}

func (never) Do(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, context.Cause(req.Context())
}

// TestACallThatIsNeverAnswered holds that one call which hangs costs a wait a minute, and a check what it asked with it.
func TestACallThatIsNeverAnswered(t *testing.T) {
	t.Parallel()
	t.Run("promotion", func(t *testing.T) {
		t.Parallel()
		w, rt, said := standby(t, "hang=rds:PromoteReadReplica", "hang=rds:DescribeDBInstances")
		began := w.Clock().Now()
		require.NoError(t, rt.StartPromotion(t.Context()))
		assert.WithinDuration(t, began.Add(time.Minute), w.Clock().Now(), time.Second)
		require.NoError(t, rt.WaitPromoted(t.Context()))
		assert.Contains(t, strings.Join(*said, "\n"), "the promotion of site-dr: no answer from AWS within 1m0s")
		assert.Empty(t, w.Unmet())
		assert.Less(t, w.Clock().Now().Sub(began), 15*time.Minute)
	})
	t.Run("instances", func(t *testing.T) {
		t.Parallel()
		w, rt, said, waited := launchingIn(t, time.Minute, "hang=autoscaling:DescribeAutoScalingGroups")
		require.NoError(t, rt.WaitInstances(t.Context()))
		assert.Contains(t, strings.Join(*said, "\n"), "no answer from AWS within 1m0s")
		assert.Less(t, waited(), 15*time.Minute)
		assert.Empty(t, w.Unmet())
	})
	t.Run("types", func(t *testing.T) {
		t.Parallel()
		w, rt, _ := standby(t, "hang=ec2:DescribeInstanceTypeOfferings")
		rt.Site.InstanceTypes, rt.Site.Zones = []string{"m6i.large"}, []string{"us-east-2a"}
		began := w.Clock().Now()
		verdict, err := rt.Check(t.Context())
		require.NoError(t, err)
		assert.Less(t, w.Clock().Now().Sub(began), 20*time.Second, "time is left for what comes after")
		assert.Empty(t, verdict.Blockers)
		require.Len(t, verdict.Shortfalls, 1)
		assert.Equal(t, checks.TypesUnseen, verdict.Shortfalls[0].Code)
		assert.Contains(t, verdict.Shortfalls[0].Reason, "EC2 DescribeInstanceTypeOfferings: no answer")
		assert.Equal(t, checks.Busy, verdict.Shortfalls[0].Remedy)
		assert.Empty(t, w.Unmet())
	})
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		_, rt, _ := standby(t, "hang=rds:DescribeDBInstances")
		_, err := rt.Check(t.Context())
		require.ErrorContains(t, err, "the checks could not be made in us-east-2, nothing was changed: describing database site-dr: ")
		assert.ErrorContains(t, err, "deadline exceeded")
	})
	t.Run("everything", func(t *testing.T) {
		t.Parallel()
		rt := failover.New(failover.Env{AWS: func(context.Context, string, string) (aws.Config, error) {
			return aws.Config{Region: recovery, HTTPClient: never{}, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}, nil
		}}, failover.Site{Policy: checks.Policy{Image: "ami-1", Region: recovery}, Limits: failover.Limits{Check: time.Millisecond}})
		_, err := rt.Check(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "describing image ami-1", "which call took the time")
	})
}
