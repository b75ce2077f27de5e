package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

var update = flag.Bool("update", false, "write docs/provider-waits.md anew")

// TestWaitsAreListed holds that the list has each type and operation that the
// simulator knows, and each type that the program makes.
func TestWaitsAreListed(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, w := range sim.Waits() {
		assert.True(t, sim.Models(w.Type), w.Type)
		assert.NotEmpty(t, w.Source, w.Type)
		if w.Unmodelled != "" {
			assert.Empty(t, w.Looks(), "%s: what is not waited for here", w.Type)
		}
		for _, operation := range w.Operations {
			listed[w.Type+" "+operation] = true
		}
	}
	for _, typ := range sim.Types() {
		for _, operation := range []string{"create", "update", "delete"} {
			assert.True(t, listed[typ+" "+operation], "%s %s", typ, operation)
		}
	}
	types := strings.Join(slices.Sorted(maps.Keys(listed)), "\n")
	made := regexp.MustCompile(`\b(ec2|vpc|rds|elasticache|lb|autoscaling|s3|iam|kms|secretsmanager|route53|ssm|cloudwatch)\.New([A-Z]\w+)\(`)
	sources, err := os.ReadDir("../components")
	require.NoError(t, err)
	for _, file := range sources {
		text, err := os.ReadFile("../components/" + file.Name())
		require.NoError(t, err)
		for _, found := range made.FindAllSubmatch(text, -1) {
			assert.Regexp(t, fmt.Sprintf(`(?m)^aws:%s/\w+:%s `, found[1], found[2]), types, "%s makes one", file.Name())
		}
	}
}

// TestWaitsDocument holds docs/provider-waits.md to the list.
func TestWaitsDocument(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	fmt.Fprintf(&text, `# What the AWS provider waits for

Before a create, an update or a delete returns, the real provider looks at AWS until it sees what it wants. That decides how long
an update takes, and whether it fails. This is the list of those waits, for every type that the program makes, and what the
simulator does of each. It is written by a test (%s), from the table that the simulator waits by.

It was read in terraform-provider-aws %s, in the files named below internal/service; pulumi-aws 6.83 is made of 5.100. A
cancellation (Ctrl-C) ends none of these waits: pulumi-terraform-bridge does nothing on it.

| type | operation | waits for | looks | source | simulator |
|---|---|---|---|---|---|
`, "`go test ./sim -run Document -update`", sim.ProviderRead)
	for _, w := range sim.Waits() {
		what, looks, simulated := w.For, w.Looks(), "the same"
		switch {
		case what == "":
			what, looks = "nothing", "-"
		case w.Unmodelled != "":
			looks, simulated = "-", "does not: "+w.Unmodelled
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s | %s |\n", w.Type, strings.Join(w.Operations, ", "), what, looks, w.Source, simulated)
	}
	text.WriteString(`
What follows for the program:

- The Auto Scaling group has a waitForCapacityTimeout of 0. With any other the provider waits, when the group goes to 0 or its
  minimum is raised, for a number of instances that will never be there, and fails
  (hashicorp/terraform-provider-aws#5241, #26230); and one launch that fails ends the update, though the group goes on in another
  zone (#33665). The program waits for the instances itself, and tells what their launches report.
- Until a database is available the state does not know of it, so the program gives its creation half a day. Balancers and NAT
  gateways get 45 minutes in place of the provider's ten.
- An update that AWS refuses, or whose wait fails, is in the state as if it had been done, with a note that it failed; the next
  update does nothing, and says that it is done (pulumi/pulumi#21458, pulumi-aws#6062). So pilotlight reads such resources again
  before it updates them. With Pulumi alone: pulumi refresh, then pulumi up.
- A change of a database takes at least 80 seconds, that of its protection too; a balancer's creation at least 60; a record's
  change at least 10, and up to 20 more than Route 53 takes.
`)
	const file = "../docs/provider-waits.md"
	if *update {
		require.NoError(t, os.WriteFile(file, text.Bytes(), 0o644)) //nolint:gosec // a document
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(have), "go test ./sim -run Document -update writes it anew")
}

// TestTheProviderLooksNowAndThen holds the least that calls take with the real provider.
func TestTheProviderLooksNowAndThen(t *testing.T) {
	t.Parallel()
	w := sim.New(1)
	for name, tc := range map[string]struct {
		typ, operation string
		least, most    time.Duration
	}{
		"VPC":            {"aws:ec2/vpc:Vpc", "create", 10 * time.Second, 10 * time.Second},
		"lifecycle rule": {"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "create", 30 * time.Second, 42 * time.Second},
		"balancer":       {"aws:lb/loadBalancer:LoadBalancer", "create", 150 * time.Second, 250 * time.Second},
		"record":         {"aws:route53/record:Record", "create", 20 * time.Second, 80 * time.Second},
		"database":       {"aws:rds/instance:Instance", "update", 80 * time.Second, 120 * time.Second},
		"cache":          {"aws:elasticache/replicationGroup:ReplicationGroup", "create", 390 * time.Second, 640 * time.Second},
		"parameter":      {"aws:ssm/parameter:Parameter", "create", time.Second, 5 * time.Second},
	} {
		for i := range 100 {
			took := w.Waited(home, tc.typ, tc.operation, fmt.Sprint(i))
			assert.GreaterOrEqual(t, took, tc.least, name)
			assert.LessOrEqual(t, took, tc.most, name)
		}
	}
}

// TestTheProviderGivesUp holds that AWS goes on with what the provider no longer waits
// for, and what the provider then knows of it.
func TestTheProviderGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	balancer, err := w.Create(t.Context(), sim.Call{Region: home, Type: balancerType, Name: "lb", Limit: time.Minute, Inputs: props{"name": "lb", "subnets": n.subnets}})
	require.ErrorContains(t, err, "timeout while waiting for state to become 'active' (last state: 'provisioning', timeout: 1m0s)")
	assert.NotEmpty(t, balancer.ID, "the state keeps it")
	database, err := w.Create(t.Context(), sim.Call{Region: home, Type: databaseType, Name: "db", Limit: time.Minute, Inputs: primary()})
	require.ErrorContains(t, err, "timeout while waiting for state to become 'available' (last state: 'creating', timeout: 1m0s)")
	assert.Empty(t, database.ID, "the state knows nothing of it")
	w.Clock().Advance(time.Hour)
	found, err := w.Databases(home, "site")
	require.NoError(t, err)
	assert.Equal(t, "available", found[0].Status)
}

const balancerType = "aws:lb/loadBalancer:LoadBalancer"

// TestAnUpdateWaitsForWhatIsStillBeingMade: it makes nothing sooner.
func TestAnUpdateWaitsForWhatIsStillBeingMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := newNetwork(t, w, home, "site")
	began := w.Clock().Now()
	call := sim.Call{Region: home, Type: balancerType, Name: "lb", Limit: 40 * time.Second, Inputs: props{"name": "lb", "subnets": n.subnets}}
	o, err := w.Create(t.Context(), call)
	require.Error(t, err)
	call.ID, call.Old, call.Limit = o.ID, call.Inputs, 0
	_, err = w.Update(t.Context(), call)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, w.Clock().Now().Sub(began), w.Duration(home, "elasticloadbalancing:CreateLoadBalancer", "lb"))
}
