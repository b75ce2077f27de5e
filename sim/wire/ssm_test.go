package wire_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	w, face := world(t)
	_, err := w.Create(t.Context(), sim.Call{Region: home, Type: "aws:ssm/parameter:Parameter", Name: "epoch",
		Inputs: props{"name": "/site/epoch", "type": "String", "value": "3"}})
	require.NoError(t, err)
	client := ssm.NewFromConfig(face.Config(home))
	out, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/site/epoch", "/site/mode"}})
	require.NoError(t, err)
	require.Len(t, out.Parameters, 1)
	assert.Equal(t, "3", aws.ToString(out.Parameters[0].Value))
	assert.Equal(t, []string{"/site/mode"}, out.InvalidParameters)
}
