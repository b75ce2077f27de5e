// Command imagesync is the Lambda function that keeps the images of a standby's region current. All that it does is
// in package images. What an event says does not matter: it looks at both regions each time.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/pilotlight-dr/pilotlight/images"
)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, _ json.RawMessage) error {
	here, err := config.LoadDefaultConfig(ctx) // Lambda sets AWS_REGION
	if err != nil {
		return err
	}
	return images.Run(ctx, os.Getenv, here, time.Now, func(line string) { fmt.Println(line) })
}
