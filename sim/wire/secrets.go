package wire

var secretOperations = map[string]operation{
	"GetSecretValue": {secretID, getSecretValue},
	"DescribeSecret": one("SecretId", "ResourceNotFoundException", "aws:secretsmanager/secret:Secret", func(id string) any { return answer{"ARN": id} }),
}

func secretID(in input) string {
	id, _ := in.json["SecretId"].(string)
	return id
}

func getSecretValue(r request) (any, error) {
	value, err := r.world.SecretValue(r.region, secretID(r.in))
	if err != nil {
		return nil, err
	}
	return map[string]any{"ARN": secretID(r.in), "SecretString": value}, nil
}
