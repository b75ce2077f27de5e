package readiness

import (
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// instanceConditions are about what instances start from, and what they and their network are.
var instanceConditions = []condition{
	{name: "image missing", codes: []string{checks.ImageMissing}, spoil: faults("image=missing")},
	{name: "image old", finding: "B14r", codes: []string{checks.ImageOld}, spoil: oldImage},
	{name: "image for arm64", finding: "B5r", codes: []string{checks.TypeArchitecture}, spoil: faults("image=arm64")},
	{name: "image that boots by UEFI alone", codes: []string{checks.TypeBootMode}, fits: preNitro, spoil: faults("image=uefi")},
	{name: "image that boots by UEFI, and types that do", fits: func(c config.Config) bool { return !preNitro(c) }, spoil: faults("image=uefi")},
	{name: "image pending", codes: []string{checks.ImageState}, spoil: image(func(i *sim.Image) { i.State = "pending" })},
	{name: "image larger than the disk", codes: []string{checks.ImageTooLarge}, spoil: image(func(i *sim.Image) { i.RootGiB = 200 })},
	{name: "image unseen, and missing", codes: []string{checks.ImageUnseen}, spoil: faults("error=ec2:DescribeImages:UnauthorizedOperation:99", "image=missing")},

	{name: "public access blocked, and exclusions unseen", of: "network", codes: []string{checks.NetworkDoubted}, spoil: func(w *world) error {
		w.sim.BlockPublicAccess(w.own().Config.Region, "block-ingress")
		return faults("error=ec2:DescribeVpcBlockPublicAccessExclusions:UnauthorizedOperation:99")(w)
	}},
	{name: "public access blocked", of: "network", codes: []string{checks.NetworkBlocked}, spoil: func(w *world) error {
		w.sim.BlockPublicAccess(w.own().Config.Region, "block-ingress")
		return nil
	}},
	{name: "volumes under a customer's key", of: "volumes", codes: []string{checks.VolumeKeyUnusable}, spoil: func(w *world) error {
		_, err := encrypted(w)
		return err
	}},
	{name: "volumes under a customer's key, with a grant", of: "volumes", spoil: func(w *world) error {
		key, err := encrypted(w)
		w.sim.Grant(key, checks.LaunchRole(awsregion.Partition(w.own().Config.Region), w.sim.Account()))
		return err
	}},

	{name: "types in no zone", finding: "B5r", codes: []string{checks.TypeNotOffered}, spoil: func(w *world) error {
		return each(w, func(t string) string { return "offer=" + w.own().Config.Region + ":" + t })
	}},
	{name: "first of several types in no zone", fits: func(c config.Config) bool { return len(c.App.Types()) > 1 }, spoil: func(w *world) error {
		return faults("offer=" + w.own().Config.Region + ":" + w.own().Config.App.InstanceType)(w)
	}},
	{name: "types in one zone", spoil: func(w *world) error {
		return each(w, func(t string) string { return "offer=" + w.own().Config.Network.Zones[0] + ":" + t })
	}},
	{name: "types unseen, and in no zone", codes: []string{checks.TypesUnseen}, spoil: func(w *world) error {
		if err := faults("error=ec2:DescribeInstanceTypeOfferings:UnauthorizedOperation:99")(w); err != nil {
			return err
		}
		return each(w, func(t string) string { return "offer=" + w.own().Config.Region + ":" + t })
	}},
}

// encrypted has a new key of the customer encrypt volumes in the standby's region.
func encrypted(w *world) (arn string, err error) {
	region := w.own().Config.Region
	key, err := w.sim.CreateKey(region, "volumes", nil)
	w.sim.EncryptVolumes(region, key.ARN)
	return key.ARN, err
}

// image changes the standby's image.
func image(change func(*sim.Image)) func(*world) error {
	return func(w *world) error {
		c := w.own().Config
		found, err := w.sim.ImagesNamed(c.Region, []string{c.App.Image})
		if err != nil {
			return err
		}
		change(&found[0])
		w.sim.PutImage(c.Region, found[0])
		return nil
	}
}

// oldImage: all images are a year older; production's was published before.
var oldImage = image(func(i *sim.Image) { i.Created = i.Created.AddDate(-1, 0, 0) })

// preNitro reports whether no type of the configuration knows UEFI.
func preNitro(c config.Config) bool {
	return !slices.ContainsFunc(c.App.Types(), func(t string) bool { return !strings.HasPrefix(t, "m4.") })
}

// each spoils every type of the configuration.
func each(w *world, fault func(name string) string) error {
	for _, t := range w.own().Config.App.Types() {
		if err := faults(fault(t))(w); err != nil {
			return err
		}
	}
	return nil
}
