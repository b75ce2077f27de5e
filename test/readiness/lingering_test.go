package readiness

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// lingering shows a promoted database as moto does: it names its source for good, is always available, and takes every promotion.
type lingering struct {
	aws.HTTPClient
	promotions *atomic.Int32
}

func (l lingering) Do(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost { // which RDS's protocol always is
		return l.HTTPClient.Do(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body)) // what is none asks for another thing
	promotes := form.Get("Action") == "PromoteReadReplica"
	if promotes && l.promotions.Add(1) > 1 {
		text := "<PromoteReadReplicaResponse><PromoteReadReplicaResult></PromoteReadReplicaResult></PromoteReadReplicaResponse>"
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
	}
	res, err := l.HTTPClient.Do(req)
	if err != nil || l.promotions.Load() == 0 || form.Get("Action") != "DescribeDBInstances" || form.Get("DBInstanceIdentifier") != "blog-dr-1" {
		return res, err
	}
	shown, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	text := replicationShown.ReplaceAllString(string(shown), "")
	text = stateShown.ReplaceAllString(text, "<DBInstanceStatus>available</DBInstanceStatus><ReadReplicaSourceDBInstanceIdentifier>"+
		"arn:aws:rds:us-west-2:123456789012:db:blog-prod-1</ReadReplicaSourceDBInstanceIdentifier>")
	res.Body, res.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return res, nil
}

var (
	replicationShown = regexp.MustCompile("(?s)<StatusInfos>.*</StatusInfos>|<ReadReplicaSourceDBInstanceIdentifier>[^<]*</ReadReplicaSourceDBInstanceIdentifier>")
	stateShown       = regexp.MustCompile("<DBInstanceStatus>[^<]*</DBInstanceStatus>")
)

// TestSourceThatLingers: a site comes back where RDS names the source of a promoted database for good, and the database is no
// replica to anything that follows.
func TestSourceThatLingers(t *testing.T) {
	t.Parallel()
	stage := staged.Steady(t, staged.Options())
	env, promotions := stage.Env(), &atomic.Int32{}
	ask := env.AWS
	env.AWS = func(ctx context.Context, region, profile string) (aws.Config, error) {
		cfg, err := ask(ctx, region, profile)
		if region == "us-east-2" {
			cfg.HTTPClient = lingering{cfg.HTTPClient, promotions}
		}
		return cfg, err
	}
	require.NoError(t, stage.Lose())
	site, err := ops.OpenSite(stage.Options(env))
	require.NoError(t, err)
	out, err := site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
	require.NoError(t, err)
	require.Len(t, out.Reports, 1)
	assert.EqualValues(t, 1, promotions.Load())
	assert.Contains(t, stage.Visit(), "visitors are served from us-east-2")

	promoted := func() {
		t.Helper()
		status, err := site.Status(t.Context())
		require.NoError(t, err)
		for _, side := range status.Sides {
			if side.Stack == "dr" {
				assert.Equal(t, roles.Active, side.Role)
				require.NotNil(t, side.Database)
				assert.Empty(t, side.Database.Source)
			}
		}
	}
	promoted()
	stage.World.ReturnRegion("us-west-2")
	_, err = site.Reprotect(t.Context(), ops.Run{})
	require.NoError(t, err)
	stage.World.Clock().Advance(time.Hour)
	promoted()
	_, err = site.Deploy(t.Context(), ops.Run{})
	require.NoError(t, err)
	_, codes := check(t, stage)
	assert.NotContains(t, codes, checks.ReplicaPromoted)
	assert.EqualValues(t, 1, promotions.Load(), "nothing asks for it again")
	staged.NothingLeft(t, stage)
}
