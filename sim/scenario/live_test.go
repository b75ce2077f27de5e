package scenario

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	encryption "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/state"
)

// exported is a state with a secret, an operation that was broken off, a large number, and what this
// program does not know.
const exported = `{"unknown": 12345678901234567890, "secrets_providers": {"type": "service"},
 "pending_operations": [{"type": "creating", "resource": {"urn": "urn:pulumi:dr::pilotlight::aws:ec2/natGateway:NatGateway::nat"}}],
 "resources": [
  {"urn": "urn:pulumi:dr::pilotlight::pulumi:providers:aws::aws", "type": "pulumi:providers:aws", "custom": true, "id": "p1", "inputs": {"region": "us-east-2"}},
  {"urn": "urn:pulumi:dr::pilotlight::aws:rds/instance:Instance::blog-dr-1-instance", "type": "aws:rds/instance:Instance", "custom": true, "id": "db-1",
   "provider": "urn:pulumi:dr::pilotlight::pulumi:providers:aws::aws::p1", "inputs": {"__defaults": [], "identifier": "blog-dr-1",
   "password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"very secret\""}}, "outputs": {"allocatedStorage": 20}}]}`

// TestCopied holds that a copied state keeps what it is, with its secrets encrypted anew.
func TestCopied(t *testing.T) {
	t.Parallel()
	s, err := newSealer()
	require.NoError(t, err)
	copied, resources, err := s.copied(apitype.UntypedDeployment{Version: 4, Features: []string{"hooks"}, Deployment: json.RawMessage(exported)})
	require.NoError(t, err)
	text := string(copied.Deployment)
	assert.NotContains(t, text, "very secret")
	assert.NotContains(t, text, "plaintext")
	assert.Contains(t, text, "12345678901234567890")
	assert.Contains(t, text, `"type":"creating"`)
	assert.Contains(t, text, s.salt)
	assert.Equal(t, []string{"hooks"}, copied.Features)

	var held struct {
		Resources []struct{ Inputs map[string]any }
	}
	require.NoError(t, json.Unmarshal(copied.Deployment, &held))
	sealed, _ := held.Resources[1].Inputs["password"].(map[string]any)
	salt, err := base64.StdEncoding.DecodeString(strings.Split(s.salt, ":")[1])
	require.NoError(t, err)
	opened, err := encryption.NewSymmetricCrypterFromPassphrase(passphrase, salt).DecryptValue(t.Context(), fmt.Sprint(sealed["ciphertext"]))
	require.NoError(t, err)
	assert.Equal(t, `"very secret"`, opened)

	side := ops.SurveyedStack{Side: ops.Side{Config: config.Config{Stack: "dr", Site: "blog", Region: "us-east-2"}, State: state.State{Claim: roles.Claim{Generation: roles.Generation{Number: 1}}}}}
	all := site{recovery: side.Config}.standing(side, resources)
	require.Len(t, all, 1)
	assert.Equal(t, sim.Standing{Type: databaseType, Region: "us-east-2", ID: "db-1", Name: "blog-dr-1-instance",
		Props: map[string]any{"identifier": "blog-dr-1", "password": "very secret", "allocatedStorage": 20.0}}, all[0])

	_, _, err = s.copied(apitype.UntypedDeployment{Deployment: json.RawMessage(`{"resources": [{"inputs": {"p": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}}}]}`)})
	assert.ErrorContains(t, err, "was not decrypted")
}

// TestOverlay holds what of a look at AWS the world is told to do otherwise.
func TestOverlay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*checks.Snapshot)
		want  []string
	}{
		"all is well":          {func(*checks.Snapshot) {}, nil},
		"no database":          {func(s *checks.Snapshot) { s.Replica = nil }, nil},
		"promoted":             {func(s *checks.Snapshot) { s.Replica.Source, s.Replica.LastGood = "", nil }, nil},
		"behind":               {func(s *checks.Snapshot) { s.Replica.LastGood.Value = 2 * time.Minute }, []string{"lag=2m0s"}},
		"not measured":         {func(s *checks.Snapshot) { s.Replica.LastGood = nil }, []string{"lag=unmeasured"}},
		"production is silent": {func(s *checks.Snapshot) { s.Replica.Replication, s.Replica.Message = "error", "IOError: 2003, reason" }, nil},
		"it answers no longer": {func(s *checks.Snapshot) {
			s.Replica.Replication, s.Replica.Message = "error", "error reconnecting to source"
		}, nil},
		"the applier stopped":   {func(s *checks.Snapshot) { s.Replica.Replication = "error" }, []string{"replication=broken"}},
		"it is backed up":       {func(s *checks.Snapshot) { s.Replica.Status = "backing-up" }, nil},
		"it is full":            {func(s *checks.Snapshot) { s.Replica.Status = "storage-full" }, []string{"database=storage-full"}},
		"a zone without":        {func(s *checks.Snapshot) { s.Types[0].Zones = []string{"us-east-2a"} }, []string{"offer=us-east-2b:m6i.large"}},
		"delegated to another":  {func(s *checks.Snapshot) { s.Name.Delegated = []string{"ns1", "ns3"} }, []string{"zone=elsewhere"}},
		"nobody knows to where": {func(s *checks.Snapshot) { s.Name.Delegated = nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &checks.Snapshot{
				Replica: &checks.Replica{Status: "available", Source: "arn", Replication: "replicating", LastGood: &checks.Lag{Value: time.Second}},
				Types:   []checks.InstanceType{{Name: "m6i.large", Zones: []string{"us-east-2a", "us-east-2b"}}},
				Name:    &checks.Name{Servers: []string{"ns1", "ns2"}, Delegated: []string{"ns2", "ns1"}},
			}
			tc.spoil(seen)
			s := site{recovery: config.Config{Region: "us-east-2", Network: config.Network{Zones: []string{"us-east-2a", "us-east-2b"}}}}
			s.overlay(&ops.Survey{Seen: seen})
			var said []string
			for _, f := range s.seen {
				said = append(said, f.Name+"="+f.Value)
				_, err := sim.ParseFault(f.Name + "=" + f.Value)
				require.NoError(t, err)
			}
			assert.Equal(t, tc.want, said)
		})
	}
}

// TestLeaveRoom holds that the world has the room that AWS said, whatever others use of it.
func TestLeaveRoom(t *testing.T) {
	t.Parallel()
	const standard, graphics = checks.StandardFamily, "L-DB2E81BA"
	gateways := func(zone string, used, limit int) checks.Quota {
		return checks.Quota{Service: "vpc", Code: "L-FE5A380F", Zone: zone, Used: used, Limit: limit}
	}
	for name, tc := range map[string]struct {
		quotas []checks.Quota
		want   []string
	}{
		"nothing is known":      {[]checks.Quota{{Service: "ec2", Code: standard, Unseen: "AccessDenied"}}, nil},
		"others use some":       {[]checks.Quota{{Service: "ec2", Code: standard, Used: 30, Limit: 32}}, []string{"quota=us-east-2:vcpus:2"}},
		"others use all":        {[]checks.Quota{{Service: "ec2", Code: standard, Used: 33, Limit: 32}}, []string{"quota=us-east-2:vcpus:0"}},
		"another family has it": {[]checks.Quota{{Service: "ec2", Code: standard, Used: 32, Limit: 32, Alternative: true}, {Service: "ec2", Code: graphics, Limit: 8, Alternative: true}}, []string{"quota=us-east-2:vcpus:8"}},
		"one zone is full":      {[]checks.Quota{gateways("us-east-2a", 1, 5), gateways("us-east-2b", 5, 5)}, []string{"quota=us-east-2:gateways:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &Stage{World: sim.New(1), site: site{recovery: config.Config{Region: "us-east-2"}, live: &ops.Survey{Quotas: tc.quotas}}}
			t.Cleanup(s.World.Close)
			require.NoError(t, s.leaveRoom())
			var said []string
			for _, f := range s.site.seen {
				said = append(said, f.Name+"="+f.Value)
			}
			assert.Equal(t, tc.want, said)
		})
	}
}
