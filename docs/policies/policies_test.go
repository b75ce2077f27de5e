package policies_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/test/iam"
	"github.com/pilotlight-dr/pilotlight/test/messages"
)

// values are what the placeholders may stand for in one partition.
var values = map[string]*strings.Replacer{
	"aws": strings.NewReplacer("PARTITION", "aws", "AUDIENCE", "sts.amazonaws.com", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site", "ENVIRONMENT", "readiness",
		"BUCKET", "pilotlight-twentyletters-of-a-site-123456789012-us-west-1", "KEY", "arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
		"SITE", "twentyletters-of-a-s", "ZONE", "Z00000000000000000000"),
	"aws-cn": strings.NewReplacer("PARTITION", "aws-cn", "AUDIENCE", "sts.amazonaws.com.cn", "ACCOUNT", "123456789012", "REPOSITORY", "octocat/site", "ENVIRONMENT", "readiness",
		"BUCKET", "site-state", "KEY", "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "SITE", "blog", "ZONE", "Z00000000000000000000"),
}

var (
	arn         = regexp.MustCompile(`arn:[^:]*:`)
	placeholder = regexp.MustCompile(`\b[A-Z]{3,}\b`)
	action      = regexp.MustCompile(`^[a-z0-9]+:([A-Za-z]+|Describe\*)$`)
	spaces      = regexp.MustCompile(`\s`)
)

// managed is how long a policy may be that is attached to several roles and users; IAM counts no
// white space (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const managed = 6144

func TestPolicies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, `arn:aws`, string(text), "%s is for one partition only", file)
		for partition, fill := range values {
			t.Run(file+" in "+partition, func(t *testing.T) {
				t.Parallel()
				filled := fill.Replace(string(text))
				assert.Empty(t, placeholder.FindAllString(filled, -1), "nothing says what these stand for")
				assert.Less(t, len(spaces.ReplaceAllString(filled, "")), managed)
				for _, found := range arn.FindAllString(filled, -1) {
					assert.Equal(t, "arn:"+partition+":", found)
				}
				var p iam.Policy
				require.NoError(t, json.Unmarshal([]byte(filled), &p))
				assert.Equal(t, "2012-10-17", p.Version)
				require.NotEmpty(t, p.Statement)
				sids := map[string]bool{}
				for _, s := range p.Statement {
					assert.False(t, sids[s.Sid], "%s is there twice", s.Sid)
					sids[s.Sid] = true
					assert.Equal(t, "Allow", s.Effect, s.Sid)
					require.NotEmpty(t, s.Action, s.Sid)
					for _, a := range s.Action {
						assert.Regexp(t, action, a, s.Sid)
					}
					trusts := s.Principal.Federated != ""
					assert.NotEqual(t, trusts, len(s.Resource) > 0, "%s is about a principal or about resources", s.Sid)
					if slices.Contains(s.Resource, "*") {
						assert.Contains(t, anyResource, s.Sid, "say why it can't be narrowed")
					}
				}
			})
		}
	}
}

// anyResource are the statements about all resources, and why: by the column of resource types in
// AWS's Service Authorization Reference.
var anyResource = map[string]string{
	"Look":                 "operations that describe or list know no resources, or list all that there are",
	"LookAtNetworks":       "EC2's operations that describe know no resources",
	"CheckLagAndInstances": "metrics, images, snapshots and instance types are looked up by operations that know no resources",
	"AskPrices":            "prices are of AWS, and operations that read them know no resources",
	"CheckParts":           "operations that describe or list know no resources",
	"RequestCertificates":  "what is requested has no name yet: the conditions narrow it to the site's tag, and to what has none",
	"PublishReadiness":     "metrics have no ARN; a condition names the namespace",
	"CheckQuotas":          "quotas and offers are of the account, and all of what quotas count is counted",
	"MakeKeys":             "what is made has no name yet, and lists know no resources",
	"MakeNetworks":         "what is made has no name yet, and no tag",
	"Gateways":             "what is made has no name yet, and no tag",
	"TagMade":              "what is made has no name yet: the conditions narrow it to the site's tag, and to what the call makes",
	"Networks":             "ids say nothing: the condition narrows it to the site's tag",
	"EndSubscriptions":     "SNS knows no resource in calls about a subscription",
	"FindImages":           "operations that describe know no resources",
	"LookCloser":           "operations that describe or list know no resources, or list all that there are",
	"UseOwnKeyOfVolumes":   "the default is the account's, in a region",
	"PublishImageAge":      "metrics have no ARN; a condition names the namespace",
}

var tagging = regexp.MustCompile(`^[a-z0-9]+:(Tag\w+|\w*AddTags\w*|\w*CreateTags|CreateOrUpdateTags|Put\w*Tagging)$`)

// mayTag are the statements by which something may be tagged that neither has the site's name or tag, nor is made by the
// same call, and why. It must have no tag of any site.
var mayTag = map[string]string{
	"TagRulesAndDefaultGroups": "the provider tags both after they were made",
	"TagNewKeys":               "KMS tells no key that is about to be made from another",
	"RequestCertificates":      "ACM tells no certificate that is about to be requested from another",
}

// TestTagsAreNoKey holds that nobody can tag what is not the site's, and then do with it what is allowed on what has the site's tags.
func TestTagsAreNoKey(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	tags, excused := 0, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var p iam.Policy
		require.NoError(t, json.Unmarshal(text, &p))
		for _, s := range p.Statement {
			if !slices.ContainsFunc(s.Action, tagging.MatchString) {
				continue
			}
			tags++
			ofOthers := slices.ContainsFunc(s.Resource, func(arn string) bool {
				return !strings.Contains(arn, "SITE") && !strings.Contains(arn, "BUCKET") && !slices.Contains(shared, arn)
			})
			equals := s.Condition["StringEquals"]
			switch made, site := equals["ec2:CreateAction"], slices.Concat(equals["aws:ResourceTag/site"], equals["aws:ResourceTag/pilotlight:image"]); {
			case !ofOthers, len(made) > 0, slices.Equal(site, iam.List{"SITE"}):
			case mayTag[s.Sid] != "":
				excused[s.Sid] = true
				assert.Equal(t, iam.List{"SITE"}, equals["aws:RequestTag/site"], s.Sid)
				assert.Equal(t, iam.List{"true"}, s.Condition["Null"]["aws:ResourceTag/site"], s.Sid)
			default:
				assert.Fail(t, "it may tag what is not the site's", "%s in %s", s.Sid, file)
			}
		}
	}
	assert.Greater(t, tags, 20)
	assert.Len(t, excused, len(mayTag), "some are there no more")
}

// shared are AWS's own defaults, which a call names beside what it is about.
var shared = []string{"arn:PARTITION:elasticache:*:ACCOUNT:parametergroup:default.*", "arn:PARTITION:rds:*:ACCOUNT:og:default:*"}

// TestReach holds what may be done to what is the site's, to what is another's, and to what has no tags.
func TestReach(t *testing.T) {
	t.Parallel()
	type context = map[string]string
	read := func(names ...string) (joined iam.Policy) {
		for _, name := range names {
			p, err := iam.Read(name, values["aws-cn"])
			require.NoError(t, err)
			joined.Statement = append(joined.Statement, p.Statement...)
		}
		return joined
	}
	of := func(site string) context {
		return context{"aws:ResourceTag/site": site, "aws:ResourceTag/managed-by": "pilotlight"}
	}
	asked := context{"aws:RequestTag/site": "blog", "aws:RequestTag/managed-by": "pilotlight"}
	ours, others, bare := of("blog"), of("shop"), context{}
	with := func(a context, key, value string) context {
		all := maps.Clone(a)
		all[key] = value
		return all
	}
	and := func(a, b context) context {
		all := maps.Clone(a)
		maps.Copy(all, b)
		return all
	}
	repair, night, deployments := read("repair.json"), read("failover.json"), read("deploy.json", "deploy-foundation.json", "deploy-watch.json")
	ec2 := func(resource string) string { return "arn:aws-cn:ec2:cn-north-1:123456789012:" + resource }
	const key, certificate = "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "arn:aws-cn:acm:cn-north-1:123456789012:certificate/1"
	const role = "arn:aws-cn:iam::123456789012:role/blog-dr-replication-1"
	const requests = "arn:aws-cn:iam::123456789012:role/aws-service-role/servicequotas.amazonaws.com/AWSServiceRoleForServiceQuotas"
	const linked = "arn:aws-cn:iam::123456789012:role/aws-service-role/elasticache.amazonaws.com/AWSServiceRoleForElastiCache"
	for _, tc := range []struct {
		who         iam.Policy
		action, arn string
		context     context
		want        bool
	}{
		// A tag is given to what is made, and changed on what is the site's.
		{night, "ec2:CreateTags", ec2("natgateway/1"), with(asked, "ec2:CreateAction", "CreateNatGateway"), true},
		{night, "ec2:CreateTags", ec2("elastic-ip/1"), with(asked, "ec2:CreateAction", "AllocateAddress"), true},
		{night, "ec2:CreateTags", ec2("volume/1"), with(asked, "ec2:CreateAction", "RunInstances"), true},
		{night, "ec2:CreateTags", ec2("snapshot/1"), with(asked, "ec2:CreateAction", "CreateSnapshot"), false},
		{night, "ec2:CreateTags", ec2("volume/1"), context{"ec2:CreateAction": "RunInstances", "aws:RequestTag/site": "shop"}, false},
		{night, "ec2:CreateTags", ec2("natgateway/1"), and(asked, ours), true},
		{night, "ec2:CreateTags", ec2("natgateway/1"), and(asked, others), false},
		{night, "ec2:CreateTags", ec2("route-table/1"), asked, false},
		{night, "ec2:CreateTags", ec2("security-group/1"), asked, false},
		{night, "ec2:DeleteRoute", ec2("route-table/1"), ours, true},
		{night, "ec2:DeleteRoute", ec2("route-table/1"), bare, false},
		{deployments, "ec2:CreateTags", ec2("vpc/1"), with(asked, "ec2:CreateAction", "CreateVpc"), true},
		{deployments, "ec2:CreateTags", ec2("vpc/1"), and(asked, ours), true},
		{deployments, "ec2:CreateTags", ec2("vpc/1"), asked, false},
		{deployments, "ec2:CreateTags", ec2("security-group/1"), asked, true}, // the default one of a new network
		{deployments, "ec2:CreateTags", ec2("security-group-rule/1"), asked, true},
		{deployments, "ec2:CreateTags", ec2("security-group/1"), and(asked, others), false},
		{deployments, "ec2:CreateTags", ec2("security-group/1"), context{"aws:RequestTag/site": "shop"}, false},
		{deployments, "ec2:AuthorizeSecurityGroupIngress", ec2("security-group/1"), ours, true},
		{deployments, "ec2:AuthorizeSecurityGroupIngress", ec2("security-group/1"), bare, false},
		{deployments, "ec2:AuthorizeSecurityGroupIngress", ec2("security-group-rule/1"), bare, true},
		{deployments, "ec2:DeleteVpc", ec2("vpc/1"), others, false},
		{deployments, "kms:TagResource", key, asked, true},
		{deployments, "kms:TagResource", key, and(asked, ours), true},
		{deployments, "kms:TagResource", key, and(asked, others), false},
		{deployments, "kms:PutKeyPolicy", key, ours, true},
		{deployments, "kms:PutKeyPolicy", key, bare, false},
		{deployments, "kms:UpdateAlias", "arn:aws-cn:kms:cn-north-1:123456789012:alias/blog-dr-database", bare, true},
		{deployments, "kms:UpdateAlias", "arn:aws-cn:kms:cn-north-1:123456789012:alias/shop", bare, false},
		{deployments, "acm:RequestCertificate", "*", asked, true},
		{deployments, "acm:AddTagsToCertificate", certificate, asked, true},
		{deployments, "acm:AddTagsToCertificate", certificate, and(asked, others), false},
		{deployments, "acm:DeleteCertificate", certificate, ours, true},
		{deployments, "acm:DeleteCertificate", certificate, others, false},
		// Instances are launched by the site's templates, into its networks.
		{night, "ec2:RunInstances", ec2("launch-template/1"), ours, true},
		{night, "ec2:RunInstances", ec2("launch-template/1"), others, false},
		{night, "ec2:RunInstances", ec2("subnet/1"), ours, true},
		{night, "ec2:RunInstances", ec2("subnet/1"), bare, false},
		{night, "ec2:RunInstances", ec2("security-group/1"), others, false},
		{night, "ec2:RunInstances", ec2("instance/1"), asked, true},
		{night, "ec2:RunInstances", "arn:aws-cn:ec2:cn-north-1::image/ami-1", bare, true},
		{night, "ec2:RunInstances", ec2("key-pair/1"), bare, false},
		{deployments, "ec2:RunInstances", ec2("launch-template/1"), ours, true},
		{deployments, "ec2:RunInstances", ec2("subnet/1"), others, false},
		{deployments, "ec2:RunInstances", ec2("volume/1"), asked, true},
		{night, "iam:GetRole", linked, bare, true}, // check asks
		{deployments, "iam:GetRole", linked, bare, true},
		{read("check.json"), "iam:GetRole", linked, bare, true},
		{deployments, "iam:DeleteRole", linked, bare, false},
		{deployments, "iam:CreateServiceLinkedRole", linked, context{"iam:AWSServiceName": "elasticache.amazonaws.com"}, true},
		{deployments, "iam:CreateServiceLinkedRole", requests, context{"iam:AWSServiceName": "servicequotas.amazonaws.com"}, true}, // the account's first request
		{deployments, "iam:CreateServiceLinkedRole", linked, context{"iam:AWSServiceName": "spot.amazonaws.com"}, false},
		{night, "elasticloadbalancing:DescribeAccountLimits", "*", bare, true},
		// EC2 copies an encrypted image by the keys of who asks for it, and nothing else may use those.
		{read("deploy-images.json"), "kms:CreateGrant", key, context{"kms:ViaService": "ec2.cn-north-1.amazonaws.com.cn"}, true},
		{read("deploy-images.json"), "kms:ReEncryptTo", key, context{"kms:ViaService": "s3.cn-north-1.amazonaws.com.cn"}, false},
		{read("deploy-images.json"), "kms:Decrypt", key, bare, false},
		{deployments, "iam:PassRole", role, context{"iam:PassedToService": "s3.amazonaws.com.cn"}, true}, // either name
		{deployments, "iam:PassRole", role, context{"iam:PassedToService": "s3.amazonaws.com"}, true},
		{night, "iam:PassRole", role, context{"iam:PassedToService": "s3.amazonaws.com"}, false},
		{night, "cloudwatch:DeleteAlarms", "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:blog-dr-replica", bare, true},
		{night, "cloudwatch:DeleteAlarms", "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:my-blog-dr", bare, false},
		// What is mended by hand is the site's, and what is deleted a copy that was restored beside it.
		{repair, "ssm:StartSession", ec2("instance/1"), context{"ssm:resourceTag/site": "blog"}, true},
		{repair, "ssm:StartSession", ec2("instance/1"), context{"ssm:resourceTag/site": "shop"}, false},
		{repair, "ssm:StartSession", ec2("instance/1"), bare, false},
		{repair, "ec2:GetConsoleOutput", ec2("instance/1"), others, false},
		{repair, "kms:EnableKey", key, context{"aws:ResourceTag/site": "blog"}, true},
		{repair, "kms:CancelKeyDeletion", key, bare, false},
		{repair, "kms:CreateGrant", key, context{"kms:GranteePrincipal": "arn:aws-cn:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}, true},
		{repair, "kms:CreateGrant", key, context{"kms:GranteePrincipal": "arn:aws-cn:iam::123456789012:user/mallory"}, false},
		{repair, "rds:DeleteDBInstance", "arn:aws-cn:rds:cn-north-1:123456789012:db:blog-dr-1-copy", bare, true},
		{repair, "rds:DeleteDBInstance", "arn:aws-cn:rds:cn-north-1:123456789012:db:blog-dr-1", bare, false},
		{repair, "rds:RestoreDBInstanceToPointInTime", "arn:aws-cn:rds:cn-north-1:123456789012:db:shop-dr-1", bare, false},
	} {
		name := "on call"
		switch len(tc.who.Statement) {
		case len(deployments.Statement):
			name = "deployments"
		case len(repair.Statement):
			name = "repair"
		}
		assert.Equal(t, tc.want, tc.who.Permits(tc.action, tc.arn, tc.context), "%s: %s on %s with %v", name, tc.action, tc.arn, tc.context)
	}
}

// TestTrust holds that one environment of the repository is trusted, and nothing
// else: jobs of any pull request have pull_request as their subject, and may be anything.
func TestTrust(t *testing.T) {
	t.Parallel()
	p, err := iam.Read("trust-github.json", values["aws"])
	require.NoError(t, err)
	for _, s := range p.Statement {
		require.Len(t, s.Condition, 1)
		equals := s.Condition["StringEquals"] // and not StringLike: a pattern would let others in
		assert.Equal(t, iam.List{"sts.amazonaws.com"}, equals["token.actions.githubusercontent.com:aud"])
		assert.Equal(t, iam.List{"repo:octocat/site:environment:readiness"}, equals["token.actions.githubusercontent.com:sub"])
	}
}

// TestPlaceholdersAreExplained holds that the page fills in every placeholder, and names every policy.
func TestPlaceholdersAreExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, string(page), strings.TrimSuffix(file, ".json"))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range placeholder.FindAllString(string(text), -1) {
			assert.Contains(t, string(page), "s|"+name+"|", file)
		}
	}
}

// engine are the operations by which Pulumi itself keeps a state in a bucket, with its secrets
// under a key. TestPolicies of package test sees them called.
var engine = []string{"s3:ListObjectsV2", "s3:GetObject", "s3:HeadObject", "s3:PutObject", "s3:CopyObject", "s3:DeleteObject", "kms:Decrypt", "kms:Encrypt"}

// beside are actions that depend on an argument, and so on no operation's name alone.
var beside = map[string]string{
	"s3:GetObjectVersion":        "versions of states and of media are read to restore them",
	"s3:GetObjectTagging":        "a copy takes the tags of a file along",
	"s3:GetObjectVersionTagging": "so does one of a version",
	"s3:PutObjectTagging":        "a copy has the tags of the file",
}

// TestDeployments holds deploy.json, deploy-foundation.json and deploy-watch.json, which belong together, and
// deploy-images.json, which may be added and repeats some of them, to all that the code calls, Pulumi keeps the state by, and the provider calls for each type of resource.
func TestDeployments(t *testing.T) {
	t.Parallel()
	want := maps.Clone(beside)
	add := func(operation, because string) {
		for _, a := range sim.Actions(operation) {
			want[a] = because
		}
	}
	for _, operation := range engine {
		add(operation, "Pulumi's state")
	}
	for _, c := range sim.Calls() {
		for _, call := range c.Calls {
			add(call, strings.Join(c.Operations, ", ")+" of "+c.Type)
		}
	}
	called := 0
	for _, room := range []string{"backend", "cmd", "components", "config", "failover", "images", "media", "ops", "pricelist", "setup", "stacks"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", room), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			operations, err := iam.Operations(path)
			for _, operation := range operations {
				add(operation, operation+" in "+path)
				called++
			}
			return err
		}))
	}
	require.Greater(t, called, 40, "the code calls AWS by the SDK")
	const added = "deploy-images.json"
	have := map[string]string{}
	for _, file := range []string{"deploy.json", "deploy-foundation.json", "deploy-watch.json", added} {
		p, err := iam.Read(file, values["aws"])
		require.NoError(t, err)
		for _, a := range p.Actions() {
			if file != added {
				assert.Empty(t, have[a], "%s is in %s already", a, have[a])
			}
			have[a] = file
			assert.Contains(t, want, a, "%s allows an action that nothing asks for", file)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(want)) {
		assert.Contains(t, have, a, "a deployment may not do this, for %s", want[a])
	}
}

// cliNames are IAM's names of services and actions that the AWS CLI calls otherwise; "" is none.
var cliNames = map[string]string{
	"elbv2": "elasticloadbalancing", "logs tail": "logs:FilterLogEvents", "s3 rm": "s3:DeleteObject", "s3 cp": "s3:PutObject",
	"rds wait": "rds:DescribeDBInstances", "configure export-credentials": "", "sts get-caller-identity": "", // which need no rights
}

// administrators do what no policy here allows, and why.
var administrators = map[string]string{
	"rds:DeleteDBSnapshot": "a final snapshot may be all that is left of a database",
}

// TestCommandsAreAllowed holds that each command of AWS's CLI which a message or the runbook gives is in one of the policies.
func TestCommandsAreAllowed(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	files, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, file := range files {
		p, err := iam.Read(file, values["aws"])
		require.NoError(t, err)
		for _, a := range p.Actions() {
			allowed[strings.ToLower(a)] = true
		}
	}
	root := os.DirFS("../..")
	rooms, err := fs.ReadDir(root, ".")
	require.NoError(t, err)
	page, err := fs.ReadFile(root, "docs/runbook.md")
	require.NoError(t, err)
	all := []messages.Message{{At: "docs/runbook.md", Text: string(page)}}
	for _, room := range rooms {
		if !room.IsDir() || slices.Contains([]string{".git", "bin", "docs", "scripts", "sim", "test"}, room.Name()) {
			continue
		}
		said, err := messages.In("../../" + room.Name())
		require.NoError(t, err)
		all = append(all, said...)
	}
	found, excused := 0, map[string]bool{}
	for _, m := range all {
		for _, given := range awsCommand.FindAllStringSubmatch(m.Text, -1) {
			if given[1] == "and" { // the partitions, and no command
				continue
			}
			found++
			service, verb := given[1], given[2]
			name, known := cliNames[service+" "+verb]
			if !known {
				if other := cliNames[service]; other != "" {
					service = other
				}
				name = service + ":" + strings.ReplaceAll(verb, "-", "")
			}
			because := ""
			for action, why := range administrators {
				if strings.EqualFold(action, name) {
					because, excused[action] = why, true
				}
			}
			assert.True(t, name == "" || because != "" || allowed[strings.ToLower(name)], "%s: no policy allows %s (%s)", m.At, given[0], name)
		}
	}
	assert.Greater(t, found, 30)
	assert.Len(t, excused, len(administrators), "some are given no more")
}

var awsCommand = regexp.MustCompile(`\baws ([a-z][a-z0-9]+) ((?:[a-z0-9]+-)+[a-z0-9]+|tail|rm|cp|wait)\b`)
