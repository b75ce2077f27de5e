package deploy

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAdopted(t *testing.T) {
	t.Parallel()
	const (
		balancer = `{"urn": "urn::lb", "id": "lb-1", "type": "aws:lb/loadBalancer:LoadBalancer", "inputs": {"name": "blog-dr-0a1b2c3", "internal": false}}`
		again    = `{"urn": "urn::lb", "type": "aws:lb/loadBalancer:LoadBalancer", "inputs": {"name": "blog-dr-4d5e6f7", "internal": false}}`
		other    = `{"urn": "urn::lb", "id": "lb-0", "type": "aws:lb/loadBalancer:LoadBalancer", "inputs": {"name": "blog-dr-0a1b2c3", "internal": true}}`
		doomed   = `{"urn": "urn::lb", "id": "lb-0", "type": "aws:lb/loadBalancer:LoadBalancer", "inputs": {"name": "blog-dr-0a1b2c3", "internal": false}, "delete": true}`
	)
	with := func(more string) string {
		return `{"urn": "db", "type": "aws:rds/instance:Instance", "inputs": {"identifier": "blog-dr-1"}` + more + "}"
	}
	pending := func(kind, resource string) string { return `{"type": "` + kind + `", "resource": ` + resource + `}` }
	for name, tc := range map[string]struct {
		resources, pending         string
		wantResources, wantPending string
		found, leftovers           []string
	}{
		"nothing was killed": {balancer, "", balancer, "", nil, nil},
		"a balancer is made beside what may be left": {
			"", pending("creating", balancer), "", pending("creating", balancer), nil, nil,
		},
		"a balancer was made since": {
			balancer, pending("creating", again) + "," + pending("updating", balancer), balancer, pending("updating", balancer), nil,
			[]string{"a killed update had begun to make LoadBalancer lb, too; the stack uses lb-1: if there is another, delete that"},
		},
		"a balancer was to be replaced": {
			other, pending("creating", balancer), other, pending("creating", balancer), nil, nil,
		},
		"a balancer was to make way": {
			doomed, pending("creating", balancer), doomed, pending("creating", balancer), nil, nil,
		},
		"a database is taken over under its identifier": {
			balancer, pending("creating", with("")),
			balancer + "," + with(`, "id": "blog-dr-1", "outputs": {"identifier": "blog-dr-1"}`), "", []string{"db"}, nil,
		},
		"an update of a database is the engine's to settle": {
			"", pending("updating", with("")), "", pending("updating", with("")), nil, nil,
		},
		"an adoption that was itself killed": {
			with(`, "id": "blog-dr-1", "outputs": {"identifier": "blog-dr-1"}`), "",
			with(`, "id": "blog-dr-1", "outputs": {"identifier": "blog-dr-1"}`), "", []string{"db"}, nil,
		},
		"a database that RDS has told of": {
			with(`, "id": "db-1", "outputs": {"arn": "arn:aws:rds:…"}`), "", with(`, "id": "db-1", "outputs": {"arn": "arn:aws:rds:…"}`), "", nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkpoint := func(resources, pending string) string {
				return `{"resources": [` + resources + `], "pending_operations": [` + pending + `]}`
			}
			edited, found, leftovers, err := adopted([]byte(checkpoint(tc.resources, tc.pending)), databases)
			require.NoError(t, err)
			assert.Equal(t, tc.found, found)
			assert.Equal(t, tc.leftovers, leftovers)
			var got, want map[string]any
			require.NoError(t, json.Unmarshal(edited, &got))
			require.NoError(t, json.Unmarshal([]byte(checkpoint(tc.wantResources, tc.wantPending)), &want))
			for _, key := range []string{"resources", "pending_operations"} {
				if got[key] == nil {
					got[key] = []any{}
				}
				assert.Equal(t, want[key], got[key], key)
			}
		})
	}

	_, found, _, err := adopted(nil, databases)
	require.NoError(t, err)
	assert.Empty(t, found, "a stack that was never updated")
	_, _, _, err = adopted([]byte("{"), databases)
	require.ErrorContains(t, err, "reading what a killed update left")
}

func TestLeftUndone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"urn::group"}, leftUndone([]byte(`{"resources": [
		{"urn": "urn::group", "custom": true, "initErrors": ["updating Auto Scaling Group (blog-dr): AccessDenied"]},
		{"urn": "urn::old", "custom": true, "delete": true, "initErrors": ["no"]},
		{"urn": "urn::lb", "custom": true}, {"urn": "urn::component", "initErrors": ["no"]}
	]}`)))
	assert.Empty(t, leftUndone(nil))
	assert.Empty(t, leftUndone([]byte("{")))
}
