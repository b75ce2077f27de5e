package wire

import (
	"net/http"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var secretOperations = map[string]operation{
	"GetSecretValue": {secretID, getSecretValue},
	"DescribeSecret": {secretID, describeSecret},
}

func secretID(in input) string {
	id, _ := in.json["SecretId"].(string)
	return id
}

// describeSecret finds a secret by its ARN, or by its name.
func describeSecret(r request) (any, error) {
	arn, found := r.world.SecretARN(r.region, secretID(r.in))
	if !found {
		return nil, &sim.Error{Status: http.StatusBadRequest, Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret."}
	}
	return answer{"ARN": arn}, nil
}

func getSecretValue(r request) (any, error) {
	value, err := r.world.SecretValue(r.region, secretID(r.in))
	if err != nil {
		return nil, err
	}
	return map[string]any{"ARN": secretID(r.in), "SecretString": value}, nil
}
