package wire

import (
	"fmt"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

var stsOperations = map[string]operation{
	"GetCallerIdentity": {
		subject: func(input) string { return "" },
		serve: func(r request) (any, error) {
			return struct{ Account, Arn, UserId string }{
				r.world.Account(), fmt.Sprintf("arn:%s:iam::%s:user/simulated", awsregion.Partition(r.region), r.world.Account()), "AIDASIMULATED",
			}, nil
		},
	},
}
