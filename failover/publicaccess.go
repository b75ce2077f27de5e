package failover

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight-dr/pilotlight/checks"
)

// blockedNetwork is the stack's network, where public access of it is blocked; nil where it is not, or EC2 does not tell. The mode of
// a network is that of its region, so exclusions count, too. Those of a failover may not list them: it can be accepted.
func (r *Runtime) blockedNetwork(ctx context.Context, cfg aws.Config) *checks.BlockedNetwork {
	ctx, cancel := context.WithTimeout(ctx, partsLimit)
	defer cancel()
	client := ec2.NewFromConfig(cfg)
	for _, held := range r.Site.ResourceIDs {
		kind, part := partOf(held)
		if kind != "ec2 vpc" {
			continue
		}
		out, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{part.ID}})
		if err != nil || len(out.Vpcs) == 0 || out.Vpcs[0].BlockPublicAccessStates == nil {
			return nil // whether it is there is judged among the parts
		}
		mode := out.Vpcs[0].BlockPublicAccessStates.InternetGatewayBlockMode
		if mode == "" || mode == types.BlockPublicAccessModeOff || excluded(ctx, client, part.ID) {
			return nil
		}
		return &checks.BlockedNetwork{VPC: part.ID, Mode: string(mode)}
	}
	return nil
}

// excluded reports whether an exclusion lets visitors into a network.
func excluded(ctx context.Context, client *ec2.Client, vpc string) bool {
	out, err := client.DescribeVpcBlockPublicAccessExclusions(ctx, &ec2.DescribeVpcBlockPublicAccessExclusionsInput{})
	if err != nil {
		return false
	}
	for _, e := range out.VpcBlockPublicAccessExclusions { // fifty in a region at most
		settled := e.State == types.VpcBlockPublicAccessExclusionStateCreateComplete || e.State == types.VpcBlockPublicAccessExclusionStateUpdateComplete
		if settled && e.InternetGatewayExclusionMode == types.InternetGatewayExclusionModeAllowBidirectional &&
			strings.HasSuffix(aws.ToString(e.ResourceArn), ":vpc/"+vpc) {
			return true
		}
	}
	return false
}
