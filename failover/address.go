package failover

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// freeLimit is for a NAT gateway that is still being made when its deletion is
// asked for: two minutes for the one, and as long for the other, several times over.
const freeLimit = 10 * time.Minute

// FreeAddress makes an elastic IP address of ours ready for a new NAT gateway. An
// update that was killed may have left a gateway on it that nobody knows of any
// more: AWS made it, and nothing lived to write it down. That one is deleted.
func (r *Runtime) FreeAddress(ctx context.Context, allocation string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client := ec2.NewFromConfig(cfg)
	asked := map[string]bool{}
	return r.wait(ctx, "the address "+allocation, freeLimit, func(ctx context.Context) (bool, string, error) {
		holder, err := findGateway(ctx, client, allocation)
		if err != nil || holder == nil {
			return holder == nil, "", err
		}
		id := aws.ToString(holder.NatGatewayId)
		if !asked[id] {
			if _, err := client.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id}); err != nil {
				return false, "", fmt.Errorf("deleting NAT gateway %s, which a killed update left: %w", id, err)
			}
			asked[id] = true
		}
		return false, fmt.Sprintf("still held by NAT gateway %s, which a killed update left and which is being deleted", id), nil
	})
}

// findGateway finds the NAT gateway that holds an address; nil when it is free.
func findGateway(ctx context.Context, client *ec2.Client, allocation string) (*types.NatGateway, error) {
	pages := ec2.NewDescribeNatGatewaysPaginator(client, &ec2.DescribeNatGatewaysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for the NAT gateway on address %s: %w", allocation, err)
		}
		for i, gateway := range page.NatGateways {
			holds := slices.ContainsFunc(gateway.NatGatewayAddresses, func(a types.NatGatewayAddress) bool { return aws.ToString(a.AllocationId) == allocation })
			if holds && gateway.State != types.NatGatewayStateDeleted && gateway.State != types.NatGatewayStateFailed {
				return &page.NatGateways[i], nil
			}
		}
	}
	return nil, nil //nolint:nilnil // free is an answer, and the usual one
}
