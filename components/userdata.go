package components

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsregion"
)

// Pages that instances serve beside the site.
const (
	// HealthPath answers 200 once the instance knows its settings, and while it has read
	// that there are none yet. It asks no database, so instances stay while theirs is still
	// being made, or is read-only. It is 503 for an instance that can't read its settings, for one that has been without
	// media for three minutes although S3 answers, and for a fresh one that has not primed its pages yet, for a minute at most.
	HealthPath = "/pilotlight/health.php"
	// DeepPath answers 200 only where the site can take a visitor's write: as JSON,
	// {"ok":bool,"epoch":N,"database":"writable|read-only|unreachable",
	// "media":"mounted|missing","cache":"ok|none|unreachable"}. An instance whose site
	// has moved answers {"ok":false,"epoch":N,"fenced":true}. One whose site is frozen
	// says so, and tries to write a new random marker at each request; where the database
	// refuses that, it is read-only, and the last marker that arrived there is shown. One that
	// takes it although its read_only is set shows "ignores_read_only":true. It answers only
	// requests that bring the site's DeepToken in the header X-Pilotlight-Token.
	DeepPath = "/pilotlight/deep.php"
)

// userDataLimit is what EC2 takes of user data as it is sent: compressed, and before base64.
const userDataLimit = 16 * 1024

//go:embed userdata.sh.tmpl
var userDataText string

var userDataTemplate = template.Must(template.New("user data").Option("missingkey=error").Parse(userDataText))

// plain is what can stand between single quotes in a shell and in a unit file.
var plain = regexp.MustCompile(`^[A-Za-z0-9:/._+=@-]*$`)

// UserDataArgs says where an instance finds what it needs. There is no endpoint and
// no secret among it: those are in the parameters and in the secret named here.
type UserDataArgs struct {
	Region        string
	ParameterPath string // such as /blog/dr
	SecretARN     string
	Bucket        string
	// Network is the VPC's, such as 10.0.0.0/16: the balancer's addresses are of it.
	Network string
	// Where the peer publishes its epoch; both empty when there is none.
	PeerRegion        string
	PeerParameterPath string
	// PHPProcesses is the most that serve visitors, each with a connection to the database; 0 leaves it to the
	// instance's memory.
	PHPProcesses int
	// NoJobs reports that what WordPress has scheduled is not run: the instance serves a
	// copy of a site that runs it.
	NoJobs bool
	// FileMods lets WordPress change its own code, on the instance that happens to be asked.
	FileMods bool
}

// UserData is the script that an instance runs when it first boots: it installs
// what the image lacks, and sets up a job that keeps the configuration current.
func UserData(args UserDataArgs) (string, error) {
	if err := args.validate(); err != nil {
		return "", err
	}
	var script strings.Builder
	err := userDataTemplate.Execute(&script, map[string]any{
		"Args":      args,
		"DNSSuffix": awsregion.DNSSuffix(args.Region),
		"RDSBundle": rdsBundle(args.Region),

		"PageSeconds": pageSeconds, "ProxySeconds": proxySeconds, "KeepAliveSeconds": keepAliveSeconds,
	})
	if err != nil {
		return "", fmt.Errorf("making user data: %w", err)
	}
	sent, err := compress(script.String())
	if err != nil {
		return "", err
	}
	if len(sent) > userDataLimit {
		return "", fmt.Errorf("user data has %d bytes, and EC2 takes %d: shorten the names in it", len(sent), userDataLimit)
	}
	return script.String(), nil
}

// compress is the script as it is sent. cloud-init takes user data that is compressed with
// gzip for what it unpacks to. The header holds no time, so the same script is no change.
func compress(script string) ([]byte, error) {
	var sent bytes.Buffer
	w, err := gzip.NewWriterLevel(&sent, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compressing user data: %w", err)
	}
	if _, err := io.WriteString(w, script); err != nil {
		return nil, fmt.Errorf("compressing user data: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing user data: %w", err)
	}
	return sent.Bytes(), nil
}

// UserDataOutput is UserData of a secret and a bucket that are still to be made.
func UserDataOutput(args UserDataArgs, secretARN, bucket pulumi.StringInput) pulumi.StringOutput {
	return pulumi.All(secretARN, bucket).ApplyT(func(made []any) (string, error) {
		args := args
		args.SecretARN, args.Bucket = made[0].(string), made[1].(string)
		return UserData(args)
	}).(pulumi.StringOutput)
}

func (a UserDataArgs) validate() error {
	var errs []error
	for _, f := range []struct {
		name, value string
		optional    bool
	}{
		{"region", a.Region, false},
		{"parameter path", a.ParameterPath, false},
		{"secret ARN", a.SecretARN, false},
		{"bucket", a.Bucket, false},
		{"network", a.Network, false},
		{"peer's region", a.PeerRegion, true},
		{"peer's parameter path", a.PeerParameterPath, true},
	} {
		switch {
		case f.value == "" && !f.optional:
			errs = append(errs, fmt.Errorf("user data: the %s is empty", f.name))
		case !plain.MatchString(f.value):
			errs = append(errs, fmt.Errorf("user data: the %s %q has a character that a script could take for its own", f.name, f.value))
		}
	}
	if (a.PeerRegion == "") != (a.PeerParameterPath == "") {
		errs = append(errs, errors.New("user data: the peer's region and its parameter path go together"))
	}
	return errors.Join(errs...)
}

// rdsBundle is where the certificates are that RDS signs a partition's databases with. Each region has authorities of its own, such as
// "Amazon RDS us-west-2 Root CA RSA2048 G1", and the global bundle has those of all regions: an image travels ("Using SSL/TLS to encrypt a
// connection to a DB instance or cluster" in the user guides of RDS and of RDS in China).
func rdsBundle(region string) string {
	if awsregion.Partition(region) == "aws-cn" {
		return "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem"
	}
	return "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
}
