package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight-dr/pilotlight/images"
)

// SyncImages brings the site's newest image from the other side's region, once, and waits for nothing: see
// images.Sync. Of the job it sets what reaches AWS, and the time.
func (r *Runtime) SyncImages(ctx context.Context, job images.Job) (images.Plan, error) {
	var err error
	if job.To, err = r.aws(ctx); err != nil {
		return images.Plan{}, err
	}
	if job.From, err = r.awsIn(ctx, r.Site.PeerRegion); err != nil {
		return images.Plan{}, err
	}
	job.Now, job.Say = r.env.Now, r.Say
	return images.Sync(ctx, job)
}

// WaitImage waits until a parameter of the data type aws:ec2:image holds an image. SSM takes a new value at once, and shows it
// once it has found the image; if it does not find it, the value before stays (Systems Manager User Guide, "Native parameter
// support for Amazon Machine Image IDs"). One that shows another for half a minute is set again: the state may have been read
// before the last value showed, and then holds what is wanted already, although AWS does not.
func (r *Runtime) WaitImage(ctx context.Context, parameter, id string) error {
	cfg, err := r.aws(ctx)
	if err != nil {
		return err
	}
	client, again := ssm.NewFromConfig(cfg), r.env.Now().Add(setAgainAfter)
	err = r.wait(ctx, "parameter "+parameter+" to hold image "+id, r.Site.Limits.Check, func(ctx context.Context) (bool, string, error) {
		out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter})
		if err != nil {
			return false, "", err
		}
		if out.Parameter == nil {
			return false, "SSM answers without it", nil
		}
		holds := aws.ToString(out.Parameter.Value)
		if holds != id && r.env.Now().After(again) {
			again = again.Add(time.Hour)
			err = images.Point(ctx, cfg, parameter, id)
		}
		return holds == id, "it holds " + holds, err
	})
	if err != nil {
		return fmt.Errorf("no instance was replaced; deploy again, or take the image back if AWS does not find it: %w", err)
	}
	return nil
}

// setAgainAfter is how long a parameter may show another image before it is set again.
const setAgainAfter = 30 * time.Second
