package failover_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/report"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	lost     = "us-west-2"
	recovery = "us-east-2"
)

// standby is a replica whose source has been lost for a quarter of an hour,
// with a runtime to activate it. What the runtime says is collected.
func standby(t *testing.T, faults ...string) (w *sim.World, rt *failover.Runtime, said *[]string) {
	t.Helper()
	return standbyBehind(t, nil, faults...)
}

// standbyBehind is the same behind edits of what AWS answers.
func standbyBehind(t *testing.T, edits map[string]edit, faults ...string) (w *sim.World, rt *failover.Runtime, said *[]string) {
	t.Helper()
	w = sim.New(1)
	w.Clock().SetQuiet(time.Millisecond)
	face := wire.NewFace(w)
	t.Cleanup(func() { face.Close(); w.Close() })
	w.AddImage(recovery, "ami-1", sim.Epoch.Add(-time.Hour))
	_, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: groupType, Name: "replicas", Inputs: group()})
	require.NoError(t, err)
	put := func(region string, inputs map[string]any) sim.Object {
		inputs["instanceClass"] = "db.t4g.medium"
		o, err := w.Create(t.Context(), sim.Call{Region: region, Type: "aws:rds/instance:Instance", Name: "db", Inputs: inputs})
		require.NoError(t, err)
		return o
	}
	source := put(lost, map[string]any{"identifier": "site", "engine": "mysql", "username": "root", "password": "correct horse", "allocatedStorage": 20, "backupRetentionPeriod": 7})
	put(recovery, map[string]any{"identifier": "site-dr", "replicateSourceDb": source.Props["arn"], "backupRetentionPeriod": 7, "parameterGroupName": "replicas"})
	w.Clock().Advance(10 * time.Minute)
	for _, text := range faults {
		fault, err := sim.ParseFault(text)
		require.NoError(t, err)
		require.NoError(t, w.Inject(fault))
	}
	w.Clock().Advance(10 * time.Minute)
	w.LoseRegion(lost, sim.Hang)
	w.Clock().Advance(15 * time.Minute)

	said = &[]string{}
	rt = failover.New(failover.Env{
		AWS: func(_ context.Context, region, _ string) (aws.Config, error) {
			return wire.Config(region, edited{face, edits}), nil
		},
		Sleep: w.Clock().Sleep, Now: w.Clock().Now, Lookup: w.Lookup, LookupNS: w.LookupNS,
	}, failover.Site{
		Policy: checks.Policy{
			Region: recovery, Stack: "dr", Peer: "prod", Database: "site-dr", Source: source.Props["arn"].(string), Image: "ami-1", Epoch: 2,
			EngineVersion: "8.0", PeerImage: sim.Epoch, Names: []string{"www.example.com"},
			MaxLag: 5 * time.Minute, MaxImageAge: 24 * time.Hour, LagWindow: time.Hour,
		},
		Limits: failover.Limits{Check: time.Minute, Promote: 30 * time.Minute, Healthy: time.Minute},
	})
	rt.Say = func(line string) { *said = append(*said, line) }
	return w, rt, said
}

const groupType = "aws:rds/parameterGroup:ParameterGroup"

func group(parameters ...any) map[string]any {
	return map[string]any{"name": "replicas", "family": "mysql8.0", "parameters": parameters}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		faults []string
		codes  []string
	}{
		"the normal face of a disaster": {nil, nil},
		"behind":                        {[]string{"lag=12m"}, []string{checks.LagTooHigh}},
		"never measured":                {[]string{"lag=unmeasured"}, []string{checks.LagUnknown}},
		"applier broken":                {[]string{"replication=broken"}, []string{checks.ReplicaApplier}},
		"binary log gone":               {[]string{"replication=purged"}, []string{checks.LagTooHigh}},
		"volume full":                   {[]string{"database=storage-full"}, []string{checks.ReplicaState, checks.LagTooHigh}},
		"loading its volume":            {[]string{"database=storage-initialization"}, nil},
		"upgrading":                     {[]string{"database=upgrading"}, nil},
		"a state of tomorrow":           {[]string{"database=quantum-folding"}, []string{checks.ReplicaUnknown}},
		"no newer than in spring":       {[]string{"image=old"}, []string{checks.ImageOld}},
		"several at once":               {[]string{"image=missing", "lag=unmeasured"}, []string{checks.LagUnknown, checks.ImageMissing}},
		"throttled for a while":         {[]string{"throttle=rds:DescribeDBInstances:2"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rt, _ := standby(t, tc.faults...)
			before := w.CallsTo(lost)
			verdict, err := rt.Check(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.codes, codes(verdict))
			assert.Equal(t, tc.codes != nil, refusal.CodeOf(verdict.Err()) == refusal.CodeChecks)
			assert.Equal(t, before, w.CallsTo(lost), "the lost region is not asked")
			assert.Zero(t, promotions(w), "checks change nothing")
		})
	}
}

func TestCheckFindsNoReplica(t *testing.T) {
	t.Parallel()
	_, rt, _ := standby(t)
	rt.Site.Database = "nobody"
	verdict, err := rt.Check(t.Context())
	require.NoError(t, err)
	assert.ErrorContains(t, verdict.Err(), "there is no database nobody in us-east-2")
}

func TestCheckThatCannotLookJudgesNothing(t *testing.T) {
	t.Parallel()
	var last report.Step
	rt := failover.New(failover.Env{
		AWS: func(context.Context, string, string) (aws.Config, error) {
			return aws.Config{}, errors.New("no credentials")
		},
		Observe: func(step report.Step) { last = step },
	}, failover.Site{Policy: checks.Policy{Region: recovery}, Limits: failover.Limits{Check: time.Minute}})
	_, err := rt.Check(t.Context())
	assert.ErrorContains(t, err, "the checks could not be made in us-east-2, nothing was changed: no credentials")
	assert.Contains(t, last.Err, "no credentials")
	assert.Equal(t, report.CheckStep, last.Kind)
	assert.Nil(t, last.Verdict, "what was not seen is not missing")
}

func TestCheckAsksForTheCertificate(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:acm:" + recovery + ":123456789012:certificate/1"
	const iams = "arn:aws:iam::123456789012:server-certificate/cloudfront/site"
	good := sim.Certificate{ARN: arn, Status: "ISSUED", Names: []string{"www.example.com"}, Until: sim.Epoch.Add(48 * time.Hour)}
	for name, tc := range map[string]struct {
		wanted string
		has    func(c sim.Certificate) sim.Certificate
		codes  []string
	}{
		"good":          {arn, func(c sim.Certificate) sim.Certificate { return c }, nil},
		"there is none": {arn + "0", func(c sim.Certificate) sim.Certificate { return c }, []string{checks.CertificateMissing}},
		"revoked, elsewhere": {arn, func(c sim.Certificate) sim.Certificate {
			c.Status, c.Names = "REVOKED", []string{"other"}
			return c
		}, []string{checks.CertificateState, checks.CertificateName}},
		"of IAM":             {iams, func(c sim.Certificate) sim.Certificate { c.ARN = iams; return c }, nil},
		"there is none: IAM": {iams, func(c sim.Certificate) sim.Certificate { return c }, []string{checks.CertificateMissing}},
		"of IAM, for another, and over": {iams, func(c sim.Certificate) sim.Certificate {
			c.ARN, c.Names, c.Until = iams, []string{"other.example.com"}, sim.Epoch
			return c
		}, []string{checks.CertificateExpires, checks.CertificateName}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rt, _ := standby(t)
			w.AddCertificate(tc.has(good))
			rt.Site.Certificate = tc.wanted
			verdict, err := rt.Check(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.codes, codes(verdict))
		})
	}
}

// TestCertificateThatCannotBeRead holds that it stands in no failover's way, and that IAM is not asked
// where it went with production.
func TestCertificateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for right, tc := range map[string]struct {
		arn   string
		edits map[string]edit
		fault string
	}{
		"iam:GetServerCertificate": {"arn:aws:iam::123456789012:server-certificate/site", nil, "error=iam:GetServerCertificate:AccessDenied"},
		"acm:DescribeCertificate":  {"arn:aws:acm:us-east-2:123456789012:certificate/1", nil, "error=acm:DescribeCertificate:AccessDeniedException"},
		"of nothing known of it":   {"arn:aws:acm:us-east-2:123456789012:certificate/1", map[string]edit{"DescribeCertificate": func(int, string) (int, string) { return http.StatusOK, "{}" }}, ""},
	} {
		t.Run(right, func(t *testing.T) {
			t.Parallel()
			var faults []string
			if tc.fault != "" {
				faults = append(faults, tc.fault)
			}
			w, rt, _ := standbyBehind(t, tc.edits, faults...)
			rt.Site.Certificate = tc.arn
			verdict, err := rt.Check(t.Context())
			require.NoError(t, err)
			assert.Empty(t, verdict.Blockers)
			require.Len(t, verdict.Shortfalls, 1)
			assert.Equal(t, checks.CertificateUnseen, verdict.Shortfalls[0].Code)
			if tc.fault != "" {
				assert.Contains(t, verdict.Shortfalls[0].Remedy, right)
			}
			if right != "iam:GetServerCertificate" {
				return
			}
			rt.Site.PeerRegion = "us-east-1"
			before := w.CallsTo("us-east-1")
			verdict, err = rt.Check(t.Context())
			require.NoError(t, err)
			assert.Empty(t, append(verdict.Blockers, verdict.Shortfalls...))
			assert.Equal(t, before, w.CallsTo("us-east-1"))
		})
	}
}

// TestRefusedToTell holds that a part which AWS refuses to tell of is a reason of its own, which can be accepted but for the database, and that the
// others are judged all the same. A region that is silent is no such part.
func TestRefusedToTell(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault string
		codes []string
		loss  string
	}{
		"the image":      {"error=ec2:DescribeImages:UnauthorizedOperation", []string{checks.ImageUnseen}, "a failover loses at least"},
		"the parameters": {"error=rds:DescribeDBParameters:AccessDenied", []string{checks.ParametersUnseen}, "a failover loses at least"},
		"the database":   {"error=rds:DescribeDBInstances:AccessDenied", []string{checks.ReplicaUnseen, checks.LagUnknown}, "which writes a failover loses is unknown: its database could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rt, _ := standby(t, tc.fault+":99")
			verdict, err := rt.Check(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.codes, codes(verdict))
			assert.Contains(t, verdict.Loss, tc.loss)
			assert.NotEmpty(t, verdict.Media)
			rt.Site.Accepted = []string{checks.AcceptStandby, checks.AcceptDataLoss}
			verdict, err = rt.Check(t.Context())
			require.NoError(t, err)
			if name == "the database" { // by that call the promotion is watched, too
				assert.Equal(t, []string{checks.ReplicaUnseen}, codes(verdict))
			} else {
				assert.Empty(t, verdict.Blockers)
			}

			seen, err := rt.Look(t.Context())
			require.NoError(t, err)
			assert.Equal(t, name == "the image", seen.Image == nil)
			assert.Equal(t, name == "the database", seen.Replica == nil)
		})
	}
	w, rt, _ := standby(t)
	w.LoseRegion(recovery, sim.Hang)
	_, err := rt.Look(t.Context())
	require.Error(t, err)
	_, err = rt.Check(t.Context())
	assert.ErrorContains(t, err, "the checks could not be made in us-east-2, nothing was changed")
}

// TestFactsLeftOut holds that what stands for AWS may leave facts out: a failover is not refused for one, and told of it.
func TestFactsLeftOut(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:acm:" + recovery + ":123456789012:certificate/1"
	w, rt, _ := standbyBehind(t, map[string]edit{
		"DescribeDBInstances": without("EngineVersion"),
		"DescribeImages":      without("creationDate", "imageState"),
		"DescribeCertificate": func(status int, body string) (int, string) { return status, notAfter.ReplaceAllString(body, "") },
	})
	w.AddCertificate(sim.Certificate{ARN: arn, Status: "ISSUED", Names: []string{"www.example.com"}, Until: sim.Epoch.Add(48 * time.Hour)})
	rt.Site.Certificate, rt.Site.Name = arn, "blog"
	for _, image := range []string{"ami-1", ""} {
		rt.Site.Image = image
		verdict, err := rt.Check(t.Context())
		require.NoError(t, err)
		assert.Empty(t, verdict.Blockers)
		var said []string
		for _, b := range verdict.Shortfalls {
			assert.Equal(t, checks.FactUnknown, b.Code)
			said = append(said, b.Reason)
		}
		assert.Equal(t, []string{
			"AWS does not say of database site-dr which version of MySQL it runs", "AWS does not say of image ami-1 in which state it is and when it was made",
			"AWS does not say of certificate " + arn + " when it ends",
		}, said)
		require.NoError(t, w.TagImage(recovery, "ami-1", map[string]string{"pilotlight:image": "blog"}))
	}
}

// notAfter is when a certificate ends, in ACM's JSON.
var notAfter = regexp.MustCompile(`"NotAfter":[^,}]*,?`)

func TestCheckReadsTheParameterGroup(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	frozen := group(map[string]any{"name": "read_only", "value": "1", "applyMethod": "immediate"})
	_, err := w.Update(t.Context(), sim.Call{Region: recovery, Type: groupType, ID: "replicas", Inputs: frozen, Old: group()})
	require.NoError(t, err)
	verdict, err := rt.Check(t.Context())
	require.NoError(t, err)
	assert.Contains(t, codes(verdict), checks.ReplicaReadOnly)
}

func codes(v checks.Verdict) (codes []string) {
	for _, b := range v.Blockers {
		codes = append(codes, b.Code)
	}
	return codes
}

// notOffered are faults by which the region of recovery has none of some types. The simulated
// EC2 shows these to those who ask for no type by name.
func notOffered(types ...string) (faults []string) {
	for _, name := range types {
		faults = append(faults, "offer="+recovery+":"+name)
	}
	return faults
}

// TestCheckReadsTheZone holds what is read of the site's name, that a record which can't be
// overwritten blocks, and that a zone which can't be read does not.
func TestCheckReadsTheZone(t *testing.T) {
	t.Parallel()
	record := func(kind string) map[string]any {
		return map[string]any{"zoneId": "Z1", "name": "www", "type": kind, "ttl": 60, "records": []any{"2001:db8::1"}}
	}
	for name, tc := range map[string]struct {
		faults  []string
		peer    string
		records []map[string]any
		codes   []string
		short   bool
		asked   bool
	}{
		"nothing there":           {nil, lost, nil, nil, false, true},
		"a CNAME":                 {nil, lost, []map[string]any{record("CNAME")}, []string{checks.NameCNAME}, false, true},
		"for IPv6, too":           {nil, lost, []map[string]any{record("A"), record("AAAA")}, nil, true, true},
		"delegated elsewhere":     {[]string{"zone=elsewhere"}, lost, nil, nil, true, true},
		"not allowed types":       {[]string{"error=ec2:DescribeInstanceTypeOfferings:UnauthorizedOperation"}, lost, nil, nil, true, true},
		"no offer at all":         {notOffered("t3.medium", "t3.micro", "m5.large", "c5.large", "r5.large"), lost, nil, nil, true, true},
		"a type is not offered":   {[]string{"offer=" + recovery + ":t3.medium"}, lost, nil, []string{checks.TypeNotOffered}, false, true},
		"not allowed to look":     {[]string{"error=route53:GetHostedZone:AccessDenied"}, lost, nil, nil, true, true},
		"Route 53 goes with prod": {nil, "us-east-1", []map[string]any{record("CNAME")}, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rt, _ := standby(t, tc.faults...)
			w.AddZone("Z1", "example.com")
			for _, inputs := range tc.records {
				_, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:route53/record:Record", Name: "www", Inputs: inputs})
				require.NoError(t, err)
			}
			rt.Site.InstanceTypes, rt.Site.Zones = []string{"t3.medium"}, []string{recovery + "a"}
			rt.Site.ZoneID, rt.Site.PeerRegion = "Z1", tc.peer
			before := w.CallsTo("us-east-1")
			verdict, err := rt.Check(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tc.codes, codes(verdict))
			assert.Equal(t, tc.short, len(verdict.Shortfalls) > 0)
			assert.Equal(t, tc.asked, w.CallsTo("us-east-1") > before)
		})
	}
}

// TestCheckName holds that a further name of a site that serves is taken only where nothing of others
// stands.
func TestCheckName(t *testing.T) {
	t.Parallel()
	record := func(typ, target string) map[string]any {
		return map[string]any{"zoneId": "Z1", "name": "example.com", "type": typ, "ttl": 60, "records": []any{target}}
	}
	alias := map[string]any{"zoneId": "Z1", "name": "example.com", "type": "A", "aliases": []any{map[string]any{"name": "www.example.com", "zoneId": "Z1"}}}
	for name, tc := range map[string]struct {
		there map[string]any
		says  string
	}{
		"nothing":   {nil, ""},
		"its mail":  {record("MX", "10 mail.example.net"), ""},
		"our alias": {alias, ""},
		"another's": {record("A", "192.0.2.1"), "example.com leads to 192.0.2.1 already"},
		"a CNAME":   {record("CNAME", "example.net"), "example.com is a CNAME"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rt, _ := standby(t)
			w.AddZone("Z1", "example.com")
			w.SetRecord(recovery, "Z1", "www.example.com", "192.0.2.7")
			if tc.there != nil {
				_, err := w.Create(t.Context(), sim.Call{Region: recovery, Type: "aws:route53/record:Record", Name: "apex", Inputs: tc.there})
				require.NoError(t, err)
			}
			rt.Site.ZoneID = "Z1"
			if err := rt.CheckName(t.Context(), "example.com"); tc.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.says)
			}
		})
	}
}

// isTimeout reports whether a wait reached its limit.
func isTimeout(err error) bool {
	_, ok := errors.AsType[*failover.TimeoutError](err)
	return ok
}

// TestNoAnswerOfAWS holds that a page which is no answer of AWS counts as one: of the fact alone that was asked for nothing is
// known, and the rest is asked for all the same.
func TestNoAnswerOfAWS(t *testing.T) {
	t.Parallel()
	_, rt, _ := standbyBehind(t, map[string]edit{"DescribeInstanceTypes": page, "DescribeSubnets": page})
	rt.Site.InstanceTypes, rt.Site.Zones = []string{"t3.medium"}, []string{recovery + "a"}
	rt.Site.ResourceIDs = []string{"arn:aws:ec2:us-east-2:123456789012:subnet/subnet-1", "arn:aws:ec2:us-east-2:123456789012:vpc/vpc-gone"}
	verdict, err := rt.Check(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{checks.PartsMissing}, codes(verdict), "the network is asked for although the subnets are not told of")
	require.Len(t, verdict.Shortfalls, 2)
	assert.Equal(t, "what EC2 offers could not be read: HTTP 501, which is no answer of AWS", verdict.Shortfalls[0].Reason)
	assert.Equal(t, "whether AWS still has all that the state holds is not known: EC2 DescribeSubnets: HTTP 501, which is no answer of AWS", verdict.Shortfalls[1].Reason)

	image, err := rt.CheckImage(t.Context(), "ami-1")
	require.NoError(t, err)
	assert.Empty(t, image.Blockers)
}

// TestMeasuredWhileItIsLost holds that the age of CloudWatch's figures is told from that of the last good lag: of a lost source it goes on
// showing -1.
func TestMeasuredWhileItIsLost(t *testing.T) {
	t.Parallel()
	w, rt, _ := standby(t)
	seen, err := rt.Survey(t.Context())
	require.NoError(t, err)
	assert.WithinDuration(t, w.Clock().Now(), seen.Replica.Measured, 2*time.Minute)
	assert.Greater(t, w.Clock().Now().Sub(seen.Replica.LastGood.At), 10*time.Minute)
}
