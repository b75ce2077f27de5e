package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What a stack remembers is kept in its own state, in resources of the engine
// itself (pulumi:index:Stash), which need no cloud. Their names are below. The
// peer reads them there too, from the backend and not from the peer's region,
// so that a failover needs nothing of a region that is lost. A checkpoint shows
// what an update in progress, or a killed one, has saved; stack outputs don't.
const (
	claimName   = "claim"   // Claim
	factsName   = "facts"   // Facts of this stack, for its peer
	peerName    = "peer"    // Facts of the peer, as last read
	secretsName = "secrets" // the application's secrets
)

// Facts is what a stack tells its peer about itself, and what it keeps of its
// peer: enough to replicate from.
type Facts struct {
	Region   string `json:"region"`
	Database string `json:"database"` // ARN
	Bucket   string `json:"bucket"`   // ARN
	CIDR     string `json:"cidr,omitempty"`
	Account  string `json:"account,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Zone     string `json:"zone,omitempty"`   // in which the site's record is changed; empty where a person does that
	Engine   string `json:"engine,omitempty"` // series of MySQL that it is configured for
	TLS      string `json:"tls,omitempty"`    // one or none: whether visitors are served by HTTPS
	// Image is when the image was made that its instances are launched from; zero when that is not known.
	Image time.Time `json:"image,omitzero"`
}

// Memory is what one stack's checkpoint holds. The zero Memory is that of a
// stack which was never deployed, or does not exist.
type Memory struct {
	Claim Claim
	Facts Facts // that it tells its peer
	Peer  Facts // that its peer told it
	// Guarded says that a destroy is refused; false too where Recall did not read it.
	Guarded bool
	// Unfinished reports that the last change of the claim was saved and not all of what it asks
	// for was done: the update goes on, or stopped.
	Unfinished bool
	// Adopting reports that the state was taken from AWS in part: its adoption goes on, or stopped.
	Adopting bool

	secrets  map[string]string
	finished int      // the serial of the last claim for which all was done
	known    []string // ARNs of all resources, and network interfaces of NAT gateways
}

// Secrets are the application's, by the keys that components.SecretKeys lists; nil
// where Recall did not read them.
func (m Memory) Secrets() map[string]string { return m.secrets }

// Remember reads what a stack holds in its checkpoint. A stack that does not
// exist remembers nothing. It has to be decrypted as a whole.
func Remember(ctx *pulumi.Context, stack string) (Memory, error) {
	outputs, err := resourceOutputs(ctx, stack)
	if err != nil {
		return Memory{}, err
	}
	m, err := recallAll(outputs)
	if err != nil {
		return Memory{}, fmt.Errorf("reading the state of stack %s: %w", stack, err)
	}
	return m, nil
}

// resourceOutputs are the outputs of a stack's resources in its checkpoint, by URN. A
// stack that does not exist has none.
func resourceOutputs(ctx *pulumi.Context, stack string) (map[string]map[string]any, error) {
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), stack)
	var read struct {
		Resources map[string]struct { // by URN
			Outputs map[string]any `pulumi:"outputs"`
		} `pulumi:"outputs"`
	}
	_, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &struct {
		StackName string `pulumi:"stackName"`
	}{name}, &read, "")
	switch {
	case err != nil && strings.Contains(err.Error(), "unknown stack"):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading what stack %s holds in its state (both stacks of a site need the same "+
			"secrets provider, or the same PULUMI_CONFIG_PASSPHRASE): %w", stack, err)
	}
	outputs := map[string]map[string]any{}
	for text, resource := range read.Resources {
		outputs[text] = resource.Outputs
	}
	return outputs, nil
}

// keepOutputs exports what the stack exports already. The engine would show each as
// deleted where an update that is refused exports nothing.
func keepOutputs(ctx *pulumi.Context) {
	all, err := resourceOutputs(ctx, ctx.Stack())
	if err != nil {
		return // only the looks of the refusal suffer
	}
	for text, outputs := range all {
		if id, err := urn.Parse(text); err == nil && id.Type() == "pulumi:pulumi:Stack" {
			for name, value := range outputs {
				ctx.Export(name, pulumi.Any(value))
			}
		}
	}
}

// Recall reads what a stack holds in a checkpoint, as pulumi stack export writes
// it below "deployment".
func Recall(checkpoint []byte) (Memory, error) {
	var state struct {
		Resources []struct {
			URN     string         `json:"urn"`
			Protect bool           `json:"protect"`
			Outputs map[string]any `json:"outputs"`
		} `json:"resources"`
	}
	if len(checkpoint) == 0 {
		return Memory{}, nil
	}
	if err := json.Unmarshal(checkpoint, &state); err != nil {
		return Memory{}, fmt.Errorf("reading a stack's state: %w", err)
	}
	outputs := map[string]map[string]any{}
	for _, r := range state.Resources {
		if !strings.HasSuffix(r.URN, "::"+secretsName) { // of no use but to the program
			outputs[r.URN] = r.Outputs
		}
	}
	m, err := recallAll(outputs)
	for _, r := range state.Resources {
		m.Guarded = m.Guarded || r.Protect && strings.HasSuffix(r.URN, "::"+SentinelName)
	}
	return m, err
}

// recallAll puts together what the stashes among a stack's resources hold. Outputs are by URN.
func recallAll(outputs map[string]map[string]any) (m Memory, err error) {
	var marks []string // resources whose names tell how far an activation got
	for text, held := range outputs {
		id, err := urn.Parse(text)
		if err != nil {
			return Memory{}, err
		}
		if id.Type() == "aws:route53/record:Record" || id.Type() == "pulumi:index:Stash" { // not the component, which is there from the start
			marks = append(marks, id.Name())
		}
		for _, key := range []string{"arn", "networkInterfaceId"} {
			if known, ok := held[key].(string); ok && known != "" { // a route has an empty interface
				m.known = append(m.known, known)
			}
		}
		if into := m.field(id); into != nil {
			if err := recall(held["input"], into); err != nil {
				return Memory{}, fmt.Errorf("reading %s: %w", id.Name(), err)
			}
		}
	}
	reached := func(suffix string) bool {
		return slices.ContainsFunc(marks, func(name string) bool { return strings.HasSuffix(name, suffix) })
	}
	m.Unfinished, m.Adopting = m.finished < m.Claim.Serial, m.finished == UnderAdoption
	m.Claim.Switched, m.Claim.Promoted = reached(switchSuffix(m.Claim.Epoch)), reached(promotedSuffix(m.Claim.Epoch))
	return m, nil
}

// switchSuffix ends the name of the resource that moves the site's name. It
// carries the epoch, so that every activation makes it anew and runs its hook.
func switchSuffix(epoch int) string { return fmt.Sprintf("-switch-%d", epoch) }

// promotedSuffix ends the name of what is in the state once the database is promoted.
func promotedSuffix(epoch int) string { return fmt.Sprintf("-promoted-%d", epoch) }

func (m *Memory) field(id urn.URN) any {
	if id.Type() != "pulumi:index:Stash" {
		return nil
	}
	switch id.Name() {
	case claimName:
		return &m.Claim
	case factsName:
		return &m.Facts
	case peerName:
		return &m.Peer
	case secretsName:
		return &m.secrets
	case SentinelName:
		return &m.finished
	}
	return nil
}

// recall turns a stashed value back into what it was made of.
func recall(value, into any) error {
	text, ok := value.(string)
	if !ok {
		return errors.New("it is not of the form that this program writes: was the state edited?")
	}
	return json.Unmarshal([]byte(text), into)
}

// stash keeps a value in the state, as JSON text, so that it reads back as it was.
func stash(ctx *pulumi.Context, name string, value pulumi.StringInput, opts ...pulumi.ResourceOption) (*pulumi.Stash, error) {
	kept, err := pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: value}, opts...)
	if err != nil {
		return nil, fmt.Errorf("keeping %s in the state: %w", name, err)
	}
	return kept, nil
}

// jsonString is value as JSON text. The types stashed have no value that JSON refuses.
func jsonString(value any) pulumi.String {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return pulumi.String(text)
}
