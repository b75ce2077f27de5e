package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
)

// LaunchArgs are what the instances of a stack, or of a copy of it, are launched with.
type LaunchArgs struct {
	Config     config.Config
	Account    string
	Path       string // of the parameters in which instances find where things are
	Image      string
	RootDevice string
	Copy       bool // of a drill: no jobs run, nothing fences it, and its image stays
	Network    *components.Network
	Secrets    *components.Secrets
	Media      *components.Media
	Tags       map[string]string
}

// NewLaunch is how instances come to be: it names no endpoint, only where they
// find each when they boot, so it is the same in either role.
func NewLaunch(ctx *pulumi.Context, name string, args LaunchArgs, alone pulumi.ResourceOption) (*components.Launch, error) {
	cfg := args.Config
	image, err := components.NewImage(ctx, name, components.ImageArgs{
		ParameterName: args.Path + "/image", ImageID: args.Image, Follows: !args.Copy && cfg.App.Image == "",
	}, alone)
	if err != nil {
		return nil, err
	}
	logs, err := components.NewLogs(ctx, name, components.LogsArgs{Group: components.LogGroup(args.Path), Days: cfg.LogDays}, alone)
	if err != nil {
		return nil, err
	}
	phpProcesses, known := cfg.PHPProcesses()
	if known { // a class that is kept may be too small for app.max of the file
		phpProcesses = max(phpProcesses, config.LeastPHPProcesses)
	}
	userData := components.UserDataArgs{
		Region: cfg.Region, ParameterPath: args.Path, Network: cfg.Network.CIDR, PHPProcesses: phpProcesses, NoJobs: args.Copy, FileMods: cfg.App.FileMods,
	}
	launch := components.LaunchArgs{
		Region: cfg.Region, AccountID: args.Account, InstanceType: cfg.App.InstanceType, VolumeGiB: cfg.App.DiskGiB, RootDevice: args.RootDevice,
		ImageParameter: image.ParameterName, SecurityGroupID: args.Network.InstanceSecurityGroup, Tags: args.Tags,
		ParameterPath: args.Path, SecretARN: args.Secrets.ARN, BucketARN: args.Media.ARN, LogGroupARN: logs.ARN,
	}
	if peer := cfg.Peer; peer != nil && !args.Copy {
		userData.PeerRegion, userData.PeerParameterPath = peer.Region, config.ParameterPath(cfg.Site, peer.Stack)
		launch.PeerEpochARN = fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s/epoch", awsregion.Partition(peer.Region), peer.Region, args.Account, userData.PeerParameterPath)
	}
	launch.UserData = components.UserDataOutput(userData, args.Secrets.ARN, args.Media.Bucket)
	return components.NewLaunch(ctx, name, launch, alone)
}
