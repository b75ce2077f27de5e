package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// A function answers an invoke. service and operation name the API call that it
// makes; those without one know the answer by themselves.
type function struct {
	service, operation string
	answer             func(region, account string) map[string]any
}

var functions = map[string]function{
	"aws:index/getCallerIdentity:getCallerIdentity": {"sts", "GetCallerIdentity", func(region, account string) map[string]any {
		return map[string]any{
			"accountId": account, "id": account, "userId": "AIDASIMULATED",
			"arn": fmt.Sprintf("arn:%s:iam::%s:user/simulated", awsregion.Partition(region), account),
		}
	}},
	"aws:index/getRegion:getRegion": {answer: func(region, _ string) map[string]any {
		return map[string]any{
			"id": region, "name": region, "description": region, "endpoint": "ec2." + region + "." + awsregion.DNSSuffix(region),
		}
	}},
	"aws:index/getPartition:getPartition": {answer: func(region, _ string) map[string]any {
		prefix := "com.amazonaws"
		if awsregion.Partition(region) == "aws-cn" {
			prefix = "cn.com.amazonaws"
		}
		return map[string]any{
			"id": awsregion.Partition(region), "partition": awsregion.Partition(region),
			"dnsSuffix": awsregion.DNSSuffix(region), "reverseDnsPrefix": prefix,
		}
	}},
	"aws:index/getAvailabilityZones:getAvailabilityZones": {"ec2", "DescribeAvailabilityZones", func(region, _ string) map[string]any {
		var ids []string
		for i := range sim.Zones(region) {
			ids = append(ids, fmt.Sprintf("%s-az%d", region, i+1))
		}
		return map[string]any{"id": region, "names": sim.Zones(region), "zoneIds": ids, "groupNames": []string{region}}
	}},
}

// Invoke answers a data source.
func (p *provider) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	f, ok := functions[string(req.Tok)]
	if !ok {
		return plugin.InvokeResponse{}, fmt.Errorf("function %s is %w", req.Tok, sim.ErrNotModelled)
	}
	p.mu.Lock()
	c := p.connections[address(ctx)]
	p.mu.Unlock()
	if c == nil {
		return plugin.InvokeResponse{}, fmt.Errorf("%s: the aws provider has not been configured", req.Tok)
	}
	check := &checker{resource: string(req.Tok)}
	check.object("", schema.Functions[string(req.Tok)].Inputs, nil, req.Args)
	if len(check.failures) > 0 {
		return plugin.InvokeResponse{Failures: check.failures}, nil
	}
	if f.operation != "" {
		if err := p.world.API(ctx, c.region, f.service, f.operation, "provider", func() error { return nil }); err != nil {
			return plugin.InvokeResponse{}, err
		}
	}
	answer := resource.NewPropertyMapFromMap(f.answer(c.region, p.world.Account()))
	for key, v := range req.Args {
		if _, set := answer[key]; !set {
			answer[key] = v
		}
	}
	return plugin.InvokeResponse{Properties: answer}, nil
}
