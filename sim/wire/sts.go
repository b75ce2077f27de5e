package wire

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/sim"
)

var stsOperations = map[string]operation{
	"GetCallerIdentity": {
		subject: func(input) string { return "" },
		serve: func(r request) (any, error) {
			return struct{ Account, Arn, UserId string }{
				sim.Account, fmt.Sprintf("arn:%s:iam::%s:user/simulated", awsregion.Partition(r.region), sim.Account), "AIDASIMULATED",
			}, nil
		},
	},
}
