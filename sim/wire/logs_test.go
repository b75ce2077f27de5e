package wire_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestLogEvents(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	client := cloudwatchlogs.NewFromConfig(face.Config(home))
	asked := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/pilotlight/blog/dr")}
	_, err := client.FilterLogEvents(t.Context(), asked)
	assert.Equal(t, "ResourceNotFoundException", codeOf(t, err))

	_, err = w.Create(t.Context(), sim.Call{Region: home, Type: "aws:cloudwatch/logGroup:LogGroup", Name: "logs", Inputs: props{"name": "/pilotlight/blog/dr"}})
	require.NoError(t, err)
	w.Log(home, "/pilotlight/blog/dr", "first")
	require.NoError(t, w.Clock().Sleep(t.Context(), time.Minute))
	asked.StartTime = aws.Int64(w.Clock().Now().UnixMilli())
	w.Log(home, "/pilotlight/blog/dr", "second")
	out, err := client.FilterLogEvents(t.Context(), asked)
	require.NoError(t, err)
	require.Len(t, out.Events, 1)
	assert.Equal(t, "second", aws.ToString(out.Events[0].Message))
	assert.Equal(t, *asked.StartTime, aws.ToInt64(out.Events[0].Timestamp))

	asked.FilterPattern = aws.String("refused")
	_, err = client.FilterLogEvents(t.Context(), asked)
	assert.Equal(t, "NotModelled", codeOf(t, err))
}
