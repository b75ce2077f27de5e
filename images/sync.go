package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight-dr/pilotlight/awsclient"
)

// BehindMetric is the metric that Sync writes: for how many seconds the newest image has not been in this region, 0
// when it is. Its dimensions are Site and Stack.
const BehindMetric = "ImageBehind"

// A Job is what Sync has to know.
type Job struct {
	// Site and Stack are the names of the site, and of the stack whose images are kept current.
	Site, Stack string
	// From and To reach AWS in the region that serves, and in the stack's own.
	From, To aws.Config
	// Image is the name of the parameter from which instances get their image.
	Image string
	// Points reports that it follows the newest image. Otherwise a person has set it.
	Points bool
	// Claim is the name of the parameter with the claim of the stack, whose role makes it a standby, or not.
	Claim string
	// CopyMinutes is how long EC2 may take for a copy; 0 for as long as it takes.
	CopyMinutes int
	// Now is the time.
	Now func() time.Time
	// Say is told what is done, in a line each.
	Say func(string)
}

// ErrServes is the answer to a stack that serves: images travel from there.
var ErrServes = errors.New("this stack serves: images travel from here to its standby")

// Sync looks at both regions and does what Decide says. It waits for nothing: a copy that it starts is seen by
// the next run. Whatever fails keeps it from nothing else, and a later run tries it again. Its plan is what it
// set out to do.
func Sync(ctx context.Context, j Job) (Plan, error) {
	switch standby, err := j.standby(ctx); {
	case err != nil:
		return Plan{}, err
	case !standby:
		return Plan{}, ErrServes
	}
	view, unseen := j.look(ctx)
	if unseen != nil && view.To == "" {
		return Plan{}, unseen
	}
	plan := Decide(view)
	failures := []error{unseen}
	do := func(err error, done string, args ...any) {
		if failures = append(failures, err); err == nil {
			j.Say(fmt.Sprintf(done, args...))
		}
	}
	for _, i := range plan.Withdraw {
		do(j.withdraw(ctx, i), "%s is not launched any more: its original %s was taken back", i.ID, i.CopyOf)
	}
	if plan.Try > 0 {
		id, err := j.copy(ctx, plan.Newest, plan.Try, view.Here)
		do(err, "image %s of %s is being copied as %s", plan.Newest.ID, view.From, id)
	}
	if unseen == nil && plan.Newest.ID == "" {
		failures = append(failures, fmt.Errorf("no available image in %s has the tag %s=%s: give the newest one that tag", view.From, SiteTag, j.Site))
	}
	if plan.GivenUp {
		failures = append(failures, fmt.Errorf("image %s of %s: %d copies have failed, so no other is tried: look why in EC2 in %s, and deregister the failed ones",
			plan.Newest.ID, view.From, tries, view.To))
	}
	if plan.Point != "" {
		do(Point(ctx, j.To, j.Image, plan.Point), "new instances start from %s", plan.Point)
	}
	for _, i := range plan.Deregister {
		do(j.deregister(ctx, i), "%s, an old copy, is deregistered", i.ID)
	}
	for _, id := range plan.DeleteSnapshots {
		err := j.deleteSnapshot(ctx, id)
		if coded(err, "InvalidSnapshot.InUse") { // by a copy whose tag somebody took off: it is theirs now
			continue
		}
		do(err, "snapshot %s of an old copy is deleted", id)
	}
	if unseen == nil {
		failures = append(failures, j.measure(ctx, plan.Behind))
	}
	return plan, errors.Join(failures...)
}

// look sees both regions. An error with a view is of the region that serves: nothing is known of that one.
func (j Job) look(ctx context.Context) (View, error) {
	client := ec2.NewFromConfig(j.To)
	v := View{Now: j.Now(), From: j.From.Region, Points: j.Points}
	var err error
	// Before the images: what another run is only beginning must not look as if its image were gone.
	if v.Snapshots, err = snapshots(ctx, client, j.Site); err != nil {
		return v, err
	}
	if v.Here, err = Find(ctx, client, j.Site); err != nil {
		return v, err
	}
	if v.InUse, err = inUse(ctx, client, v.Here); err != nil {
		return v, err
	}
	if v.Pointer, err = j.parameter(ctx, j.Image); err != nil {
		return v, err
	}
	v.To = j.To.Region
	v.There, err = Find(ctx, ec2.NewFromConfig(j.From), j.Site)
	return v, err
}

// standby reports whether the stack is one.
func (j Job) standby(ctx context.Context) (bool, error) {
	text, err := j.parameter(ctx, j.Claim)
	if err != nil {
		return false, err
	}
	var claim struct {
		Role string `json:"role"`
	}
	if err := json.Unmarshal([]byte(text), &claim); err != nil {
		return false, fmt.Errorf("parameter %s in %s is not the claim of a stack: deploy the stack again (%w)", j.Claim, j.To.Region, err)
	}
	return claim.Role == "standby", nil
}

func (j Job) parameter(ctx context.Context, name string) (string, error) {
	out, err := ssm.NewFromConfig(j.To).GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", fmt.Errorf("reading parameter %s in %s: %w", name, j.To.Region, err)
	}
	if out.Parameter == nil {
		return "", fmt.Errorf("reading parameter %s in %s: SSM answered without it", name, j.To.Region)
	}
	return aws.ToString(out.Parameter.Value), nil
}

// copy starts a copy, encrypted with the region's key for volumes. Two runs at the same moment, which see the same images
// here, start one: EC2 answers a token that it knows with what it made then, even if that is gone.
func (j Job) copy(ctx context.Context, i Image, try int, here []Image) (id string, err error) {
	of := j.From.Region + "/" + i.ID
	seen := fmt.Sprintf("%s %s", j.Stack, of)
	for _, h := range here {
		seen += " " + h.ID
	}
	sum := sha256.Sum256([]byte(seen))
	tags := []types.Tag{
		{Key: aws.String(SiteTag), Value: &j.Site}, {Key: aws.String(CopyTag), Value: &of},
		{Key: aws.String(MadeTag), Value: aws.String(i.Made.UTC().Format(time.RFC3339))},
	}
	in := &ec2.CopyImageInput{
		Name: aws.String(copyName(i, j.From.Region, try)), Description: aws.String("copy of " + of), SourceImageId: &i.ID, SourceRegion: &j.From.Region,
		Encrypted: aws.Bool(true), ClientToken: aws.String(hex.EncodeToString(sum[:])),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeImage, Tags: tags}, {ResourceType: types.ResourceTypeSnapshot, Tags: tags}},
	}
	if j.CopyMinutes > 0 {
		in.SnapshotCopyCompletionDurationMinutes = aws.Int64(int64(j.CopyMinutes))
	}
	client := ec2.NewFromConfig(j.To)
	out, err := client.CopyImage(ctx, in)
	if refused, ok := errors.AsType[smithy.APIError](err); ok && j.CopyMinutes > 0 && unbounded[refused.ErrorCode()] {
		j.Say("EC2 promises no time for this copy (" + refused.ErrorCode() + "): it takes as long as it takes")
		in.SnapshotCopyCompletionDurationMinutes = nil
		in.ClientToken = aws.String(hex.EncodeToString(sum[:len(sum)/2])) // other arguments are another request
		out, err = client.CopyImage(ctx, in)
	}
	if coded(err, "InvalidAMIName.Duplicate") { // somebody took the tags off an earlier copy, which may be to keep it from use
		return "", fmt.Errorf("copying image %s: %s has an image of the name %q that is without the tag %s=%s: give it that tag, or deregister it", of, j.To.Region, *in.Name, SiteTag, j.Site)
	}
	if err != nil {
		return "", fmt.Errorf("copying image %s: %w", of, err)
	}
	return aws.ToString(out.ImageId), nil
}

// unbounded are the codes by which EC2 refuses a copy within a time, where the region does not offer that, or the
// account has too much on its way already.
var unbounded = map[string]bool{
	"InvalidParameter": true, "InvalidParameterValue": true, "InvalidParameterCombination": true, "UnknownParameter": true, "UnsupportedOperation": true,
	"OperationNotPermitted": true, "ResourceLimitExceeded": true, "SnapshotCopyThroughputExceeded": true,
}

// copyName is a copy's name: in one region no two images of an account share one, and it has 128 characters at most.
func copyName(i Image, region string, try int) string {
	name := fmt.Sprintf("%s %s %s", i.Name, region, i.ID)
	if try > 1 {
		name = fmt.Sprintf("%s %d", name, try)
	}
	return name[max(0, len(name)-128):]
}

func (j Job) withdraw(ctx context.Context, i Image) error {
	_, err := ec2.NewFromConfig(j.To).CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{i.ID}, Tags: []types.Tag{{Key: aws.String(WithdrawnTag), Value: aws.String(j.Now().UTC().Format(time.RFC3339))}},
	})
	if err != nil {
		return fmt.Errorf("marking image %s as withdrawn: %w", i.ID, err)
	}
	return nil
}

// Point has a launch parameter name an image. AWS looks for the image first, and shows the one before meanwhile.
func Point(ctx context.Context, to aws.Config, parameter, id string) error {
	_, err := ssm.NewFromConfig(to).PutParameter(ctx, &ssm.PutParameterInput{
		Name: &parameter, Value: &id, Type: ssmtypes.ParameterTypeString, DataType: aws.String("aws:ec2:image"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("pointing %s to image %s: %w", parameter, id, err)
	}
	return nil
}

// deregister ends a copy, and then what it is made of. What a killed run leaves is found by its tag.
func (j Job) deregister(ctx context.Context, i Image) error {
	_, err := ec2.NewFromConfig(j.To).DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: &i.ID})
	if coded(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("deregistering image %s: %w", i.ID, err)
	}
	for _, id := range i.Snapshots {
		if err := j.deleteSnapshot(ctx, id); err != nil && !coded(err, "InvalidSnapshot.InUse") { // EC2 still knows the image: a later run finds it
			return err
		}
	}
	return nil
}

func (j Job) deleteSnapshot(ctx context.Context, id string) error {
	_, err := ec2.NewFromConfig(j.To).DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: &id})
	if err != nil && !coded(err, "InvalidSnapshot.NotFound") {
		return fmt.Errorf("deleting snapshot %s: %w", id, err)
	}
	return nil
}

func coded(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, api.ErrorCode())
}

// measure tells CloudWatch how far behind the images are.
func (j Job) measure(ctx context.Context, behind time.Duration) error {
	_, err := awsclient.CloudWatch(j.To).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(awsclient.Namespace), MetricData: []cwtypes.MetricDatum{{
		MetricName: aws.String(BehindMetric), Unit: cwtypes.StandardUnitSeconds, Value: aws.Float64(behind.Seconds()), Timestamp: aws.Time(j.Now()),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("Site"), Value: &j.Site}, {Name: aws.String("Stack"), Value: &j.Stack}},
	}}})
	if err != nil {
		return fmt.Errorf("writing to CloudWatch how old the images are: %w", err)
	}
	return nil
}
