package failover

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// blockedNetwork is the stack's network, where public access of it is blocked; nil where it is not, or EC2 does not tell. The mode of
// a network is that of its region, so exclusions count, too. Where those can't be listed, as by the credentials of a failover, or are of
// subnets, it is no more than a shortfall: visitors may get in.
func (r *Runtime) blockedNetwork(ctx context.Context, cfg aws.Config) (blocked *checks.BlockedNetwork, doubts []refusal.Blocker) {
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
			return nil, nil // whether it is there is judged among the parts
		}
		mode := out.Vpcs[0].BlockPublicAccessStates.InternetGatewayBlockMode
		if mode == "" || mode == types.BlockPublicAccessModeOff {
			return nil, nil
		}
		found := checks.BlockedNetwork{VPC: part.ID, Mode: string(mode)}
		switch admits, err := r.admits(ctx, client, part.ID); {
		case err != nil:
			return nil, []refusal.Blocker{found.Doubt(r.Site.Region, "exclusions could not be read: "+unread(err))}
		case admits == "":
			return &found, nil
		case admits != part.ID:
			return nil, []refusal.Blocker{found.Doubt(r.Site.Region, "an exclusion lets them into subnet "+admits)}
		}
		return nil, nil
	}
	return nil, nil
}

// admits is the network, or else a subnet of the stack, into which an exclusion lets visitors; empty for none.
func (r *Runtime) admits(ctx context.Context, client *ec2.Client, vpc string) (id string, err error) {
	out, err := client.DescribeVpcBlockPublicAccessExclusions(ctx, &ec2.DescribeVpcBlockPublicAccessExclusionsInput{})
	if err != nil {
		return "", err
	}
	for _, e := range out.VpcBlockPublicAccessExclusions { // fifty in a region at most
		settled := e.State == types.VpcBlockPublicAccessExclusionStateCreateComplete || e.State == types.VpcBlockPublicAccessExclusionStateUpdateComplete
		if !settled || e.InternetGatewayExclusionMode != types.InternetGatewayExclusionModeAllowBidirectional {
			continue
		}
		of := aws.ToString(e.ResourceArn)
		if strings.HasSuffix(of, ":vpc/"+vpc) {
			return vpc, nil
		}
		if slices.Contains(r.Site.ResourceIDs, of) {
			id = of[strings.LastIndex(of, "/")+1:]
		}
	}
	return id, nil
}
