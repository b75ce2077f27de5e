package wire

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/awssim"
)

var stsOperations = map[string]operation{
	"GetCallerIdentity": {
		subject: func(input) string { return "" },
		serve: func(r request) (any, error) {
			return struct{ Account, Arn, UserId string }{
				awssim.Account, fmt.Sprintf("arn:%s:iam::%s:user/simulated", awssim.Partition(r.region), awssim.Account), "AIDASIMULATED",
			}, nil
		},
	},
}
