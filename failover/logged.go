package failover

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/pilotlight-dr/pilotlight/checks"
)

const (
	// logInterval is how often a wait reads what instances logged; they send it each minute.
	logInterval = 30 * time.Second
	// logTimeout bounds one reading: a wait is not there for it.
	logTimeout = 5 * time.Second
	// logPages is how much of it is read at once; the next reading goes on from there.
	logPages = 3
)

// logged is what the site's instances logged since a wait began. That it can't be read, for
// want of rights or of an answer, shows nothing and blocks nothing.
type logged struct {
	since, next time.Time
	last        checks.LogLine
}

// words adds the last line to what is seen of a site that is not ready.
func (l *logged) words(ctx context.Context, r *Runtime) string {
	if now := r.env.Now(); r.Site.LogGroup != "" && !now.Before(l.next) {
		if l.since.IsZero() {
			l.since = now
		}
		l.next = now.Add(logInterval)
		l.read(ctx, r)
	}
	if l.last.Text == "" {
		return ""
	}
	return ", last logged: " + l.last.Text
}

func (l *logged) read(ctx context.Context, r *Runtime) {
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	cfg, err := r.aws(ctx)
	if err != nil {
		return
	}
	cfg.RetryMaxAttempts = 1
	pages := logs.NewFilterLogEventsPaginator(logs.NewFromConfig(cfg), &logs.FilterLogEventsInput{
		LogGroupName: &r.Site.LogGroup, StartTime: aws.Int64(l.since.UnixMilli()),
	})
	for range logPages {
		if !pages.HasMorePages() {
			return
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return
		}
		lines := []checks.LogLine{l.last}
		for _, e := range page.Events {
			line := checks.LogLine{At: time.UnixMilli(aws.ToInt64(e.Timestamp)), Text: aws.ToString(e.Message)}
			if lines = append(lines, line); line.At.After(l.since) {
				l.since = line.At
			}
		}
		l.last = checks.LastLogged(lines)
	}
}
