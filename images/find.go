package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Find lists the account's images of a site in the region of a client, in any state.
func Find(ctx context.Context, client *ec2.Client, site string) (all []Image, err error) {
	pages := ec2.NewDescribeImagesPaginator(client, &ec2.DescribeImagesInput{
		Owners: []string{"self"}, Filters: []types.Filter{{Name: aws.String("tag:" + SiteTag), Values: []string{site}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the images with the tag %s=%s in %s: %w", SiteTag, site, client.Options().Region, err)
		}
		for _, i := range page.Images {
			if image, err := read(i); err == nil { // one with a broken date is left alone
				all = append(all, image)
			}
		}
	}
	return all, nil
}

func read(i types.Image) (image Image, err error) {
	// EC2 always says the state; one of what stands for it in a test may be had as well.
	state := cmp.Or(string(i.State), available)
	image = Image{ID: aws.ToString(i.ImageId), Name: aws.ToString(i.Name), State: state, CopyOf: tag(i.Tags, CopyTag), Withdrawn: tag(i.Tags, WithdrawnTag) != ""}
	if image.Made, err = Made(i); err != nil {
		return image, err
	}
	for _, device := range i.BlockDeviceMappings {
		if device.Ebs != nil && device.Ebs.SnapshotId != nil {
			image.Snapshots = append(image.Snapshots, *device.Ebs.SnapshotId)
		}
	}
	return image, nil
}

// Made is when an image was made; of a copy, when its original was. EC2 gives it as text, with a fraction of a
// second. A tag is believed of a copy alone, and not if it is later than the copy itself: one of the year 2099 would be the newest for ever.
// It is zero where the image bears no date, which EC2 always gives.
func Made(i types.Image) (time.Time, error) {
	if aws.ToString(i.CreationDate) == "" {
		return time.Time{}, nil
	}
	own, err := time.Parse(time.RFC3339, aws.ToString(i.CreationDate))
	if err != nil {
		return own, fmt.Errorf("reading when image %s was made: %w", aws.ToString(i.ImageId), err)
	}
	if original, err := time.Parse(time.RFC3339, tag(i.Tags, MadeTag)); err == nil && !original.After(own) && tag(i.Tags, CopyTag) != "" {
		return original, nil
	}
	return own, nil
}

func tag(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// snapshots are those that Sync made for a site.
func snapshots(ctx context.Context, client *ec2.Client, site string) (all []Snapshot, err error) {
	pages := ec2.NewDescribeSnapshotsPaginator(client, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{
		{Name: aws.String("tag:" + SiteTag), Values: []string{site}}, {Name: aws.String("tag-key"), Values: []string{CopyTag}},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the snapshots of copied images: %w", err)
		}
		for _, s := range page.Snapshots {
			all = append(all, Snapshot{ID: aws.ToString(s.SnapshotId), CopyOf: tag(s.Tags, CopyTag), Made: aws.ToTime(s.StartTime)})
		}
	}
	return all, nil
}

// atOnce is how many images one call asks about: EC2 takes 200 values in all filters of a call (FilterLimitExceeded).
const atOnce = 100

// inUse are the copies, among some images, that instances run of or may be started again of. Originals are never pruned, so
// EC2 is not asked about them.
func inUse(ctx context.Context, client *ec2.Client, of []Image) (ids []string, err error) {
	var copies []string
	for _, i := range of {
		if i.CopyOf != "" {
			copies = append(copies, i.ID)
		}
	}
	for some := range slices.Chunk(copies, atOnce) {
		pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{Filters: []types.Filter{
			{Name: aws.String("image-id"), Values: some},
			{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "stopping", "stopped", "shutting-down"}},
		}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("finding out which images are in use: %w", err)
			}
			for _, reservation := range page.Reservations {
				for _, instance := range reservation.Instances {
					ids = append(ids, aws.ToString(instance.ImageId))
				}
			}
		}
	}
	return ids, nil
}
