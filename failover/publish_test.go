package failover_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
)

// silentAWS answers nothing.
type silentAWS struct{}

func (silentAWS) Do(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// TestServedLatelyOfASilentService: a CloudWatch that hangs holds an activation up for ten seconds, whatever else may wait longer.
func TestServedLatelyOfASilentService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := failover.New(failover.Env{
			AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
				return aws.Config{Region: region, Credentials: aws.AnonymousCredentials{}, HTTPClient: silentAWS{}}, nil
			},
			Now: time.Now,
		}, failover.Site{Policy: checks.Policy{Region: recovery}, Name: "blog", Tags: map[string]string{"stack": "dr"}, Limits: failover.Limits{Check: 2 * time.Minute}})
		began := time.Now()
		_, err := rt.ServedLately(t.Context())
		require.ErrorContains(t, err, "reading with how many instances production served")
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

// TestPublishReadiness holds that a loss of nothing is published, and a loss that is not known is not.
func TestPublishReadiness(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	loss := time.Duration(0)
	for n, found := range []failover.Readiness{{Site: "blog", Stack: "dr"}, {Site: "blog", Stack: "dr", Loss: &loss}} {
		require.NoError(t, rt.PublishReadiness(t.Context(), found))
		assert.Len(t, w.Metrics(recovery, "Pilotlight DataLoss"), n)
		assert.Empty(t, w.Metrics(recovery, "Pilotlight TimeToRecover"))
	}
}
