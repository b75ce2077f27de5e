package images

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Environment variables of the Lambda function.
const (
	SiteVariable    = "SITE"
	StackVariable   = "STACK"
	FromVariable    = "FROM"         // the other region
	ClaimVariable   = "CLAIM"        // see Job.Claim
	ImageVariable   = "IMAGE"        // see Job.Image
	PointsVariable  = "POINTS"       // see Job.Points; empty for false
	MinutesVariable = "COPY_MINUTES" // see Job.CopyMinutes
)

// Run is what the Lambda function does at each event: a Sync of the job in its environment. here reaches AWS in
// its own region. A stack that serves has nothing to do, which is no error.
func Run(ctx context.Context, env func(string) string, here aws.Config, now func() time.Time, say func(string)) error {
	minutes, err := strconv.Atoi(env(MinutesVariable))
	if err != nil {
		return fmt.Errorf("the variable %s of the function is %q: deploy the stack again", MinutesVariable, env(MinutesVariable))
	}
	there := here.Copy()
	there.Region = env(FromVariable)
	_, err = Sync(ctx, Job{
		Site: env(SiteVariable), Stack: env(StackVariable), From: there, To: here, Claim: env(ClaimVariable), Image: env(ImageVariable), Points: env(PointsVariable) != "",
		CopyMinutes: minutes, Now: now, Say: say,
	})
	if errors.Is(err, ErrServes) {
		return nil
	}
	return err
}
