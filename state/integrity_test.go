package state

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/refusal"
)

// soundResources are a stack, its provider, a component, and two resources of which the second names the first.
func soundResources() []apitype.ResourceV3 {
	const of = "urn:pulumi:dr::pilotlight::"
	stack, provider, network := urn.URN(of+"pulumi:pulumi:Stack::pilotlight-dr"), urn.URN(of+"pulumi:providers:aws::aws"), urn.URN(of+"pilotlight:components:Network::blog-dr")
	vpc, subnet := urn.URN(of+"pilotlight:components:Network$aws:ec2/vpc:Vpc::blog-dr"), urn.URN(of+"pilotlight:components:Network$aws:ec2/subnet:Subnet::blog-dr")
	by := string(provider) + "::1"
	return []apitype.ResourceV3{
		{URN: stack, Type: "pulumi:pulumi:Stack"},
		{URN: provider, Type: "pulumi:providers:aws", ID: "1", Custom: true, Parent: stack},
		{URN: network, Type: "pilotlight:components:Network", Parent: stack},
		{URN: vpc, Type: "aws:ec2/vpc:Vpc", ID: "vpc-1", Custom: true, Parent: network, Provider: by},
		{
			URN: subnet, Type: "aws:ec2/subnet:Subnet", ID: "subnet-1", Custom: true, Parent: network, Provider: by,
			Dependencies: []urn.URN{vpc}, PropertyDependencies: map[resource.PropertyKey][]urn.URN{"vpcId": {vpc}, "zone": {}},
		},
	}
}

func TestDecodeRefusesWhatPulumiRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(all []apitype.ResourceV3) []apitype.ResourceV3
		says  string
	}{
		"sound": {func(all []apitype.ResourceV3) []apitype.ResourceV3 { return all }, ""},
		"an old one beside": {func(all []apitype.ResourceV3) []apitype.ResourceV3 {
			old := all[3]
			old.Delete = true
			return append(all, old)
		}, ""},
		"an old one before": {func(all []apitype.ResourceV3) []apitype.ResourceV3 {
			all[3].Delete = true
			return append(all, soundResources()[3])
		}, ""},
		"replaced, its provider gone": {func(all []apitype.ResourceV3) []apitype.ResourceV3 {
			all[4].Provider, all[4].PendingReplacement = all[4].Provider+"2", true
			return all
		}, ""},
		"parent gone":         {func(all []apitype.ResourceV3) []apitype.ResourceV3 { return append(all[:2:2], all[3:]...) }, "::blog-dr names urn:pulumi:dr::pilotlight::pilotlight:components:Network::blog-dr, which is not before it"},
		"dependency after it": {func(all []apitype.ResourceV3) []apitype.ResourceV3 { all[3], all[4] = all[4], all[3]; return all }, "Subnet::blog-dr names"},
		"named by a property": {func(all []apitype.ResourceV3) []apitype.ResourceV3 {
			all[4].Dependencies = nil
			all[3], all[4] = all[4], all[3]
			return all
		}, "Subnet::blog-dr names"},
		"deleted with nothing": {func(all []apitype.ResourceV3) []apitype.ResourceV3 { all[4].DeletedWith = all[4].URN + "2"; return all }, "Subnet::blog-dr names"},
		"replaced with nothing": {func(all []apitype.ResourceV3) []apitype.ResourceV3 {
			all[4].ReplaceWith = []urn.URN{all[4].URN + "2"}
			return all
		}, "Subnet::blog-dr names"},
		"provider gone":          {func(all []apitype.ResourceV3) []apitype.ResourceV3 { return append(all[:1:1], all[2:]...) }, "the provider of urn:pulumi:dr::pilotlight::pilotlight:components:Network$aws:ec2/vpc:Vpc::blog-dr"},
		"provider of another id": {func(all []apitype.ResourceV3) []apitype.ResourceV3 { all[1].ID = "2"; return all }, "the provider of"},
		"twice":                  {func(all []apitype.ResourceV3) []apitype.ResourceV3 { return append(all, all[4]) }, "Subnet::blog-dr is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(apitype.DeploymentV3{Resources: tc.spoil(soundResources())})
			require.NoError(t, err)
			_, err = Decode(text)
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorAs(t, err, new(*BrokenError))
			assert.ErrorContains(t, err, tc.says)
		})
	}
}

// TestUnread holds what to do about a state that the engine does not give: a passphrase helps only where something was not decrypted.
func TestUnread(t *testing.T) {
	t.Parallel()
	broken := unread("prod", errors.New("getting stack: snapshot integrity failure; refusing to use it: child resource a refers to missing parent b\nsee the manual"))
	assert.Equal(t, refusal.CodeState, refusal.CodeOf(broken))
	require.EqualError(t, broken, "the state of prod is broken, and Pulumi does not use it (child resource a refers to missing parent b): "+
		"pulumi state repair -s prod mends it, or pilotlight state restore prod brings an earlier one back")
	require.ErrorContains(t, unread("prod", errors.New("could not deserialize: incorrect passphrase")), "the same PULUMI_CONFIG_PASSPHRASE): could not")
	require.EqualError(t, unread("prod", errors.New("i/o timeout")), "reading what stack prod holds in its state: i/o timeout")
}
