package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inStep is what there is to see of a standby that could take over.
func inStep() SideStatus {
	return SideStatus{Stack: "dr", Region: "us-east-2", Database: &checks.Replica{
		ID: "blog-dr-1", Status: "available", Source: "arn:aws:rds:us-west-2:123456789012:db:blog-prod-1", Replication: "replicating",
		LastGood: &checks.Lag{Value: 3 * time.Second, At: noon.Add(-time.Minute)},
	}}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for says, err := range map[string]error{
		"nothing within 5s":           fmt.Errorf("operation error EC2: DescribeImages: %w", context.DeadlineExceeded),
		"AccessDenied: not for you":   fmt.Errorf("operation error RDS: %w", &smithy.GenericAPIError{Code: "AccessDenied", Message: "not for you"}),
		"connect: connection refused": fmt.Errorf("operation error RDS: request send failed: %w", errors.New("connect: connection refused")),
		"nothing more is known of it": errors.New("nothing more is known of it"),
	} {
		assert.Equal(t, says, silence(err, askFor))
	}
}

// unfinishedStandby has the standby's last update stopped.
func unfinishedStandby(sides []Side) []Side {
	for i := range sides {
		sides[i].State.Unfinished = sides[i].State.Claim.Role == roles.Standby
	}
	return sides
}

func TestProtection(t *testing.T) {
	t.Parallel()
	frozen, planned := claim(roles.Frozen, 1, true), claim(roles.Active, 2, false)
	planned.Reason = roles.ReasonSwitchover
	gaveUp, again := claim(roles.Standby, 3, false), claim(roles.Active, 3, false)
	gaveUp.Aborted, again.Reason = true, roles.ReasonReclaim
	for name, tc := range map[string]struct {
		sides     []Side
		spoil     func(*SideStatus)
		protected bool
		says      string
		next      string
	}{
		"in step":              {site(leading, standBy), func(*SideStatus) {}, true, "would lose some 3s", ""},
		"of a foreign one":     {site(none, standBy)[:1], func(*SideStatus) {}, true, "would lose some 3s", ""},
		"never deployed":       {site(none, none), func(*SideStatus) {}, false, "not deployed", "deploy"},
		"half deployed":        {site(leading, none), func(*SideStatus) {}, false, "us-east-2 (dr) was never deployed", "deploy"},
		"half a standby":       {unfinishedStandby(site(leading, standBy)), func(*SideStatus) {}, false, "the first deployment of us-east-2 (dr) is not finished", "pilotlight deploy to resume"},
		"half a standby again": {unfinishedStandby(site(claim(roles.Active, 3, true), standBy)), func(*SideStatus) {}, false, "us-east-2 (dr) has not finished becoming a standby", "pilotlight reprotect to resume"},
		"half failed over":     {site(leading, claim(roles.Active, 2, false)), func(*SideStatus) {}, false, "(epoch 2) is not finished", "abort to give it up"},
		"failed over":          {site(leading, claim(roles.Active, 2, true)), func(*SideStatus) {}, false, "unprotected until us-west-2 (prod) is a standby again", "pilotlight reprotect"},
		"frozen":               {site(frozen, standBy), func(*SideStatus) {}, false, "a switchover is under way", "pilotlight switchover dr to resume it, pilotlight thaw"},
		"half switched":        {site(frozen, planned), func(*SideStatus) {}, false, "(epoch 2) is not finished", "pilotlight switchover dr to resume it"},
		"half taken back":      {site(again, claim(roles.Active, 2, false)), func(*SideStatus) {}, false, "(epoch 3) is not finished", "pilotlight abort to resume"},
		"frozen, and given up": {site(claim(roles.Frozen, 1, true), gaveUp), func(*SideStatus) {}, false, "has not reclaimed the site", "pilotlight abort to resume"},
		"half given up":        {site(leading, gaveUp), func(*SideStatus) {}, false, "has not reclaimed the site", "pilotlight abort to resume"},
		"half made":            {site(claim(roles.Active, 1, false), none), func(*SideStatus) {}, false, "(epoch 1) is not finished", "pilotlight deploy"},
		"no replica":           {site(leading, standBy), func(s *SideStatus) { s.Database = nil }, false, "there is no replica in us-east-2", "pilotlight deploy dr, which makes it again"},
		"database not told of": {site(leading, standBy), func(s *SideStatus) {
			s.Database = nil
			s.unread(checks.Snapshot{Unread: checks.Unread{Replica: "RDS DescribeDBInstances: AccessDenied"}})
		}, false, "unknown: of stack dr, the database could not be read: RDS DescribeDBInstances: AccessDenied", "pilotlight check"},
		"image not told of": {
			site(leading, standBy), func(s *SideStatus) {
				s.blockers = []refusal.Blocker{{Code: checks.ImageUnseen, Reason: "the image could not be read", Remedy: "let these credentials"}}
			}, false, "unknown: the image could not be read", "let these credentials",
		},
		"no answer":          {site(leading, standBy), func(s *SideStatus) { s.Unreachable = "timeout" }, false, "us-east-2 does not answer", ""},
		"active side silent": {site(leading, standBy), func(*SideStatus) {}, false, "us-west-2 (prod) does not answer: unprotected, or lost; a failover loses at least", "failover"},
		"source lost":        {site(leading, standBy), func(s *SideStatus) { s.Database.Replication = "error" }, false, "written after 11:58:57 UTC", "failover"},
		"promoted by hand":   {site(leading, standBy), func(s *SideStatus) { s.Database.Source, s.Database.Replication = "", "" }, false, "is no replica any more", "pilotlight reprotect"},
		"ended by RDS":       {site(leading, standBy), func(s *SideStatus) { s.Database.Replication = "terminated" }, false, "RDS can't go on with replica blog-dr-1 (terminated)", "pilotlight reprotect"},
		"being made":         {site(leading, standBy), func(s *SideStatus) { s.Database.Replication, s.Database.Status = "", "creating" }, false, "it is creating", ""},
		"unread":             {site(leading, standBy), func(s *SideStatus) { s.Database.LastGood, s.Database.LagUnread = nil, "CloudWatch does not answer" }, false, "could not be read: CloudWatch does not answer", "check"},
		"not measured":       {site(leading, standBy), func(s *SideStatus) { s.Database.LastGood = nil }, false, "not measured lately", ""},
		"far behind":         {site(leading, standBy), func(s *SideStatus) { s.Database.LastGood.Value = time.Hour }, false, "more than the 5m0s allowed", ""},
		"an old image": {
			site(leading, standBy), func(s *SideStatus) {
				s.blockers = []refusal.Blocker{{Code: checks.ImageOld, Reason: "image ami-1 is old", Remedy: "make a new one"}}
			}, false, "unprotected: image ami-1 is old", "make a new one",
		},
		"production lives": {
			site(leading, standBy), func(s *SideStatus) {
				s.blockers = []refusal.Blocker{{Code: checks.ReplicaReceives, Reason: "it receives", Remedy: "wait"}}
			}, true, "would lose some 3s", "",
		},
		"a source that grows further": {
			site(none, standBy)[:1], func(s *SideStatus) { s.source = &checks.Replica{ID: "theirs", AllocatedGiB: 500} }, false,
			"grows up to 0 GiB, and its source theirs up to 500", "set database.maxStorageGiB to 551",
		},
		"measured long ago": {site(leading, standBy), func(s *SideStatus) { s.Database.LastGood.At = noon.Add(-time.Hour) }, false, "not measured lately", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, active := inStep(), SideStatus{Stack: "prod", Region: "us-west-2"}
			tc.spoil(&seen)
			if name == "active side silent" {
				active.Unreachable = "nothing within 5s"
			}
			protected, verdict, next := protection(tc.sides, []SideStatus{seen, active}, noon)
			assert.Equal(t, tc.protected, protected)
			assert.Contains(t, verdict, tc.says)
			assert.Contains(t, next, tc.next)
			assert.Equal(t, tc.next == "", next == "", next)
		})
	}
}

// TestJudgeDisagreements holds that files which disagree take protection back, and hide nothing
// that matters more.
func TestJudgeDisagreements(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		both          bool // files have the new domain
		spoil         func(*SideStatus)
		verdict, next string
	}{
		"one file":          {false, func(*SideStatus) {}, "unprotected: the two sides of the site do not agree", "correct the files"},
		"not deployed":      {true, func(*SideStatus) {}, "unprotected: the stacks are not deployed as both files have it", "pilotlight deploy"},
		"production silent": {false, func(s *SideStatus) { s.Unreachable = "nothing within 5s" }, "us-west-2 (prod) does not answer: unprotected, or lost", "pilotlight failover"},
		"state restored":    {true, func(s *SideStatus) { s.Diverged, s.remedy = "this state is older than AWS", "pilotlight adopt prod" }, "unknown: stack prod: this state is older than AWS", "pilotlight adopt prod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sides := site(leading, standBy)
			for i := range sides {
				sides[i].State.Published.Region, sides[i].State.Published.Domain = sides[i].Config.Region, "www.example.com"
				sides[i].Config.Domain = "www.example.com"
				if tc.both || i == 0 {
					sides[i].Config.Domain = "www.example.org"
				}
			}
			last := &Checked{At: noon, Stack: "dr", Missing: []string{"plugin"}} // which says less than what is seen now
			status := Status{Sides: []SideStatus{{Stack: "prod", Region: "us-west-2"}, inStep()}, LastCheck: last}
			tc.spoil(&status.Sides[0])
			status.judge(sides, noon)
			assert.False(t, status.Protected)
			assert.Contains(t, status.Verdict, tc.verdict)
			assert.Contains(t, status.Next, tc.next)
			assert.Contains(t, fmt.Sprint(status.Warnings), `domain in Pulumi.`)
		})
	}
}

func TestSecretsAlike(t *testing.T) {
	t.Parallel()
	ours, theirs := state.HashSecrets(map[string]string{"a": "1", "b": "2"}), state.HashSecrets(map[string]string{"a": "1", "b": "3"})
	assert.Equal(t, ours, state.HashSecrets(map[string]string{"b": "2", "a": "1"}))
	assert.Empty(t, state.HashSecrets(nil))
	for name, tc := range map[string]struct {
		prod, dr  string
		code      string
		known     bool
		protected bool
	}{
		"the same":           {ours, ours, "", true, true},
		"different":          {ours, theirs, SecretsDiffer, true, false},
		"never published":    {ours, "", "", false, true},
		"both not published": {"", "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sides := site(leading, standBy)
			sides[0].State.Published.Secrets, sides[1].State.Published.Secrets = tc.dr, tc.prod
			all := secretsAlike(sides)
			assert.Equal(t, tc.known, len(all) == 1)
			for _, q := range all {
				assert.Equal(t, tc.code, q.Code)
				assert.NotContains(t, q.Reason+q.Remedy, ours)
			}
			status := Status{Sides: []SideStatus{{Stack: "prod", Region: "us-west-2"}, inStep()}}
			status.judge(sides, noon)
			assert.Equal(t, tc.protected, status.Protected, status.Verdict)
		})
	}
	assert.Empty(t, secretsAlike(site(leading, standBy)[:1]), "a production that no stack made")
}

// TestRotatingSecrets holds what is said of secrets in the middle of a rotation.
func TestRotatingSecrets(t *testing.T) {
	t.Parallel()
	for dr, code := range map[string]string{"before": SecretsDiffer, "now": ""} {
		sides := site(leading, standBy)
		for i, side := range sides {
			if side.State.Claim.Leads() {
				sides[i].State.Published = state.PeerInfo{Secrets: "now", Rotation: 1, Rotating: "database"}
			} else {
				sides[i].State.Published.Secrets = dr
			}
		}
		all := secretsAlike(sides)
		if assert.Len(t, all, 1) {
			assert.Equal(t, code, all[0].Code)
			assert.Contains(t, all[0].Reason+all[0].Remedy, "pilotlight rotate database")
		}
	}
}

// TestLastCheck holds that what only check asks for takes protection back until it is asked again.
func TestLastCheck(t *testing.T) {
	t.Parallel()
	sides := site(leading, standBy)
	s := &Site{options: Options{Dir: t.TempDir()}}
	assert.Nil(t, lastCheck(s.options.Dir))
	assert.Equal(t, time.UTC, s.now().Location(), "others read it elsewhere")
	for name, tc := range map[string]struct {
		missing []string
		stack   string
		counts  []string
	}{
		"ready":                  {nil, "dr", nil},
		"the plugin":             {[]string{"plugin", "lock", "image", "plugin"}, "dr", []string{"plugin"}},
		"asked again by status":  {[]string{"lock", "image"}, "dr", nil},
		"what it sees a part of": {[]string{"certificate"}, "dr", []string{"certificate"}}, // and not the records by which ACM renews it
		"of the other stack":     {[]string{"plugin"}, "prod", nil},
	} {
		ready := Readiness{Stack: tc.stack, Requirements: []Requirement{{Subject: "state", OK: true}}}
		for _, what := range tc.missing {
			ready.Requirements = append(ready.Requirements, Requirement{Subject: what})
		}
		s.KeepCheck(ready)
		last := lastCheck(s.options.Dir)
		assert.Equal(t, tc.counts, append([]string(nil), last.missing(sides)...), name)
		status := Status{Sides: []SideStatus{{Stack: "prod", Region: "us-west-2"}, inStep()}, LastCheck: last}
		status.judge(sides, noon)
		assert.Equal(t, tc.counts == nil, status.Protected, status.Verdict)
		assert.Equal(t, tc.counts != nil, strings.Contains(status.Verdict, "found this not ready: "+strings.Join(tc.counts, ", ")), status.Verdict)
	}
	assert.Empty(t, (*Checked)(nil).missing(sides))
}

func TestRegionOf(t *testing.T) {
	t.Parallel()
	for address, region := range map[string]string{
		"s3://state?region=us-west-1&awssdk=v2":                "us-west-1",
		"awskms://alias/state?region=cn-north-1":               "cn-north-1",
		"awskms:///arn:aws:kms:eu-west-1:123456789012:key/0-0": "eu-west-1",
		"awskms:///arn:aws-cn:kms:cn-north-1:1:alias/state":    "cn-north-1",
		"awskms:///1234abcd-12ab-34cd-56ef-1234567890ab":       "", // the id of a key, in a region that AWS_REGION names
		"awskms:///mrk-1234abcd-12ab-34cd":                     "",
		"s3://state/of-a-site":                                 "",
		"file:///var/state":                                    "", "passphrase": "", "https://api.pulumi.com": "", "": "",
	} {
		assert.Equal(t, region, regionOf(address), address)
	}
}

func TestPair(t *testing.T) {
	t.Parallel()
	stack := func(name, peer string) config.Config {
		return config.Config{Site: "blog", Stack: name, Peer: &config.Peer{Stack: peer}}
	}
	names := func(configs []config.Config) (all []string) {
		for _, c := range configs {
			all = append(all, c.Stack)
		}
		return all
	}
	two, err := pair([]config.Config{stack("dr", "prod"), stack("prod", "dr")})
	assert.NoError(t, err)
	assert.Equal(t, []string{"dr", "prod"}, names(two))
	third, err := pair([]config.Config{stack("dr", "third"), stack("prod", "dr"), stack("third", "dr")})
	assert.NoError(t, err)
	assert.Equal(t, []string{"dr", "third"}, names(third), "who was lost for good is left out")
	one, err := pair([]config.Config{{Stack: "dr", Production: &config.Production{}}})
	assert.NoError(t, err)
	assert.Equal(t, []string{"dr"}, names(one))
	_, err = pair([]config.Config{stack("dr", "prod")})
	assert.ErrorContains(t, err, "name each other as peer")
	_, err = pair([]config.Config{stack("a", "b"), stack("b", "a"), stack("c", "d"), stack("d", "c")})
	assert.ErrorContains(t, err, "several sites")
}

type wallet struct{ err error }

// Retrieve is for aws.Config.
func (w wallet) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIASIMULATED", SecretAccessKey: "simulated"}, w.err
}

// TestLost holds by what a region is taken for lost when an activation there is to be aborted: the record of the claim, which an abort
// reads first, whatever STS answers. Who can't ask a region doesn't know that it is lost, and who gets credentials of STS in
// that region gets them in the other one.
func TestLost(t *testing.T) {
	t.Parallel()
	sides := site(leading, standBy)
	side, other := sides[0], sides[1]
	require.NotEqual(t, side.Config.Region, other.Config.Region)
	says := func(status int, body string) func() (*http.Response, error) {
		return func() (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}
	}
	refuses := func() (*http.Response, error) { return nil, errors.New("connection refused") }
	for name, tc := range map[string]struct {
		record      func() (*http.Response, error)
		profile     error
		here, there error // of who looks for credentials by the side's region, and by the other's
		why, fails  string
	}{
		"it answers":               {record: says(200, `{"Parameter": {"Value": "x"}}`)},
		"no record":                {record: says(400, `{"__type": "ParameterNotFound"}`)},
		"no right":                 {record: says(400, `{"__type": "AccessDeniedException"}`)},
		"no answer":                {record: refuses, why: "connection refused"},
		"half of it":               {record: says(503, `{"__type": "ServiceUnavailable"}`), why: "ServiceUnavailable"},
		"asked by too many":        {record: says(400, `{"__type": "ThrottlingException"}`), why: "ThrottlingException"},
		"a role, by STS over here": {record: refuses, here: errors.New("STS in us-east-2 is silent"), why: "connection refused"},
		"no profile":               {profile: errors.New("failed to get shared config profile, dr-admin"), fails: "credentials to ask AWS in us-east-2: failed to get shared config profile"},
		"expired tokens":           {here: errors.New("over"), there: errors.New("the SSO session has expired"), fails: "credentials to ask AWS in us-east-2: the SSO session has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Site{options: Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
				answers := roundTripper(func(req *http.Request) (*http.Response, error) {
					if strings.HasPrefix(req.URL.Host, "ssm.") {
						return tc.record()
					}
					return says(200, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)()
				})
				by := map[string]error{side.Config.Region: tc.here, other.Config.Region: tc.there}
				return aws.Config{
					Region: region, Credentials: wallet{by[region]}, HTTPClient: &http.Client{Transport: answers},
					Retryer: func() aws.Retryer { return aws.NopRetryer{} },
				}, tc.profile
			}}}}
			why, err := s.lost(t.Context(), side, &other)
			if tc.fails != "" {
				require.ErrorContains(t, err, tc.fails)
				return
			}
			require.NoError(t, err)
			assert.Contains(t, why, tc.why)
			assert.Equal(t, tc.why == "", why == "", why)
		})
	}
}

// TestPageIsAnAnswer holds that a region is not lost where something answers for AWS, be it a page that is no answer of AWS.
func TestPageIsAnAnswer(t *testing.T) {
	t.Parallel()
	page := roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<html><body>404<br></html>"))}, nil
	})
	s := &Site{options: Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
		return aws.Config{Region: region, Credentials: wallet{}, HTTPClient: &http.Client{Transport: page}, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}, nil
	}}}}
	side := site(leading, standBy)[0]
	why, err := s.lost(t.Context(), side, nil)
	require.NoError(t, err)
	assert.Empty(t, why)
	_, err = s.diverged(t.Context(), side)
	require.Error(t, err)
	assert.Equal(t, "HTTP 404, which is no answer of AWS", silence(err, askFor))
	side.Config.Production = &config.Production{Region: "us-east-1"} // where IAM is
	roles := s.serviceRoles(t.Context(), side, Plan{Resources: []Planned{{Op: "create", Type: "aws:lb/loadBalancer:LoadBalancer"}}})
	require.Len(t, roles, 1)
	assert.Equal(t, ServiceRolesUnseen, roles[0].Code)
}

// TestRefusedIsNoSilence holds that of a region whose AWS refuses to tell something that alone is not known: it is not lost.
func TestRefusedIsNoSilence(t *testing.T) {
	t.Parallel()
	empty := false
	refuse := roundTripper(func(*http.Request) (*http.Response, error) {
		if empty {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		}
		body := `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>`
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
	s := &Site{options: Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
		return aws.Config{Region: region, Credentials: wallet{}, HTTPClient: &http.Client{Transport: refuse}, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}, nil
	}}}}
	sides := site(leading, standBy)
	seen := make([]SideStatus, len(sides))
	for i, side := range sides {
		side.Config.App.Certificate = "arn:aws:acm:" + side.Config.Region + ":123456789012:certificate/1"
		seen[i] = s.look(t.Context(), side)
		assert.Empty(t, seen[i].Unreachable)
		text := strings.Join(seen[i].Unread, "\n")
		for _, said := range []string{
			"whether the state is of what AWS holds could not be read: ", "the image could not be read: EC2 DescribeImages: ",
			"the database could not be read: RDS DescribeDBInstances: AccessDenied", "the certificate could not be read: ",
		} {
			assert.Contains(t, text, said)
		}
	}
	protected, verdict, next := protection(sides, seen, noon)
	assert.False(t, protected)
	assert.Equal(t, "unknown: of stack dr, the database could not be read: RDS DescribeDBInstances: AccessDenied", verdict)
	assert.Equal(t, "pilotlight check", next, "and no failover")

	empty = true
	for _, side := range sides {
		assert.Empty(t, s.look(t.Context(), side).Unreachable, "an answer that tells nothing is none")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip is for http.Client.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSlowIsNotLost holds that a region whose SSM has answered gets more time for the rest than a lost one gets to answer at all, and that
// of one which does not use it up nothing is said but what was seen.
func TestSlowIsNotLost(t *testing.T) {
	t.Parallel()
	for says, rest := range map[string]error{
		"nothing within 25s, although SSM answered: slow, or lost in part": context.DeadlineExceeded,
		"connect: connection refused":                                      errors.New("connect: connection refused"),
	} {
		answer := roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasPrefix(req.URL.Host, "ssm.") {
				return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"__type": "ParameterNotFound"}`))}, nil
			}
			deadline, limited := req.Context().Deadline()
			assert.True(t, limited && time.Until(deadline) > 2*askFor, req.URL.Host)
			return nil, rest
		})
		s := &Site{options: Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
			return aws.Config{Region: region, Credentials: wallet{}, HTTPClient: &http.Client{Transport: answer}, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}, nil
		}}}}
		assert.Equal(t, says, s.look(t.Context(), site(leading, standBy)[0]).Unreachable)
	}
}

// TestThrottledIsNotLost holds that a region which throttles is not silent, with the SDK's own attempts and delays within the
// time that it has.
func TestThrottledIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := roundTripper(func(req *http.Request) (*http.Response, error) {
			status, body := http.StatusForbidden, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>`
			switch {
			case strings.HasPrefix(req.URL.Host, "ssm."):
				status, body = http.StatusBadRequest, `{"__type": "ThrottlingException", "message": "Rate exceeded"}`
			case strings.HasPrefix(req.URL.Host, "sts."):
				status, body = http.StatusBadRequest, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		s := &Site{options: Options{Env: failover.Env{AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
			return aws.Config{Region: region, Credentials: wallet{}, HTTPClient: &http.Client{Transport: answer}}, nil
		}}}}
		side := site(leading, standBy)[0]
		seen := s.look(t.Context(), side)
		assert.Empty(t, seen.Unreachable)
		assert.Contains(t, seen.Unread, "whether the state is of what AWS holds could not be read: ThrottlingException: Rate exceeded")
		why, err := s.unreachable(t.Context(), side)
		require.NoError(t, err)
		assert.Empty(t, why)
	})
}
