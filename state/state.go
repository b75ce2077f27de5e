// Package state is what a stack keeps in Pulumi's state, and what AWS holds of it besides.
package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/roles"
)

// A stack keeps what it knows in its own state, in resources of the engine itself
// (pulumi:index:Stash), which need no cloud. These are their names. The peer reads them from
// the backend, not from this stack's region, so that a failover needs nothing of a region that
// is lost. A checkpoint shows what an update in progress, or a killed one, has saved; stack
// outputs don't.
const (
	ClaimStash     = "claim"     // roles.Claim
	PublishedStash = "published" // PeerInfo of this stack, for its peer
	PeerStash      = "peer"      // PeerInfo of the peer, as last read
	SecretsStash   = "secrets"   // the application's secrets
	MediaStash     = "media"     // Media
)

// CertificateType is the type of a certificate that a stack has requested: it has one at most.
const CertificateType = "aws:acm/certificate:Certificate"

// RolloutTag is the tag of a stack's Auto Scaling group that says of which image its instances were last replaced, and
// when. A change of it has them replaced, so it stays as it is in every update but the one that wants that.
const RolloutTag = "pilotlight:rollout"

// ImageDataType is the data type of a parameter that holds an image. AWS checks in its own time that the image exists.
const ImageDataType = "aws:ec2:image"

// DestroyGuard is the stash on which a refused destroy ends, so its name says what to do. Its
// value is the serial of the last claim for which everything was done.
const DestroyGuard = "destroy-needs-teardown-in-the-configuration"

// UnderAdoption is the value of DestroyGuard while an adoption is incomplete.
const UnderAdoption = -1

// PeerInfo is what a stack publishes for its peer: enough to replicate from.
type PeerInfo struct {
	Region        string `json:"region"`
	Database      string `json:"database"` // ARN
	Bucket        string `json:"bucket"`   // ARN
	CIDR          string `json:"cidr,omitempty"`
	Zones         string `json:"zones,omitempty"` // availability zones of its network, in order
	Home          string `json:"home,omitempty"`  // the stack at which the site is at home; empty where it is none of this program's
	Account       string `json:"account,omitempty"`
	Domain        string `json:"domain,omitempty"`
	Names         string `json:"names,omitempty"`         // that lead to the site beside its domain, in order
	Zone          string `json:"zone,omitempty"`          // Route 53 zone of the site's record; empty where a person changes it
	EngineVersion string `json:"engineVersion,omitempty"` // series of MySQL that it is configured for
	TLS           string `json:"tls,omitempty"`           // one or none: whether visitors are served by HTTPS
	Secrets       string `json:"secrets,omitempty"`       // hash of the application's secrets
	Rotation      int    `json:"rotation,omitempty"`      // number of their last rotation
	Rotating      string `json:"rotating,omitempty"`      // the part of them that it is about, until it has ended
	MaxStorageGiB int    `json:"maxStorageGiB,omitempty"` // up to where the storage of its database grows by itself
	StorageGiB    int    `json:"storageGiB,omitempty"`    // storage that its database was given; 0 for a replica, which has its source's
	Class         string `json:"class,omitempty"`         // instance class of its database
	WantedClass   string `json:"wantedClass,omitempty"`   // the one that its file had
	AllocatedGiB  int    `json:"allocatedGiB,omitempty"`  // storage that its database had, a replica, too, when its state was last read
	Unencrypted   bool   `json:"unencrypted,omitempty"`   // its database is not encrypted: a replica of it can't be either
	Parameters    string `json:"parameters,omitempty"`    // parameters of MySQL that it is configured with, as JSON
	// Instances is how many it served with when it was last updated, or started with; 0 for a standby.
	Instances int `json:"instances,omitempty"`
	// Image is the id of the image of its instances; empty where that is unknown.
	Image string `json:"image,omitempty"`
	// ImageCreatedAt is when the image of its instances was made; zero where that is unknown.
	ImageCreatedAt time.Time `json:"imageCreatedAt,omitzero"`
	// RootDevice is what that image calls its root volume, such as /dev/xvda; empty where that is unknown.
	RootDevice string `json:"rootDevice,omitempty"`
}

// Media is what a stack has found in comparing its bucket with its peer's.
type Media struct {
	Bucket string `json:"bucket"` // whose files were looked for
	Peer   string `json:"peer"`   // the bucket in which they were
	// Since is when these two were first compared, the rule in place. S3 copies what is newer by itself, and nothing that is older.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"` // of the last comparison
	Files int       `json:"files"`
	// Missing is how many files of before Since the peer's bucket lacks.
	Missing int `json:"missing"`
	// Unseen is why they could not be compared; empty when they were.
	Unseen string `json:"unseen,omitempty"`
	// Generation is that of the database of a stack that became a standby: its files are then compared once more.
	Generation int `json:"generation,omitempty"`
}

// HashSecrets is a hash of the application's secrets, to compare those of two stacks. It says
// nothing of them: the keys and salts among them are long and random.
func HashSecrets(secrets map[string]string) string {
	if len(secrets) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(JSON(secrets))) // whose keys are in order
	return hex.EncodeToString(sum[:16])
}

// State is what one stack's checkpoint holds. The zero State is that of a stack which was
// never deployed, or does not exist.
type State struct {
	Claim     roles.Claim
	Published PeerInfo // what this stack last published for its peer
	Peer      PeerInfo // what this stack last read of its peer
	// DestroyProtected reports that a destroy is refused; false, too, in what Read returns.
	DestroyProtected bool
	// Unfinished reports that the last change of the claim was saved, and that the update which
	// saved it still runs or was stopped.
	Unfinished bool
	// Adopting reports that an adoption still runs or was stopped: the state is incomplete.
	Adopting bool
	// Media is what was found when its bucket was last compared with its peer's; zero where that was never done.
	Media Media
	// Secrets are the application's, by the keys of wordpress.SecretKeys; nil in what
	// Parse and Of return.
	Secrets map[string]string `json:"-"`
	// ResourceIDs are the ARNs of all resources, and the network interfaces of NAT gateways, or the address of one that has none.
	// Of what AWS has accepted and never made there may be the name alone.
	ResourceIDs []string
	// Certificate is the ARN of the certificate that the stack has requested; empty when it has not.
	Certificate string
	// SecretsProvider encrypts the secrets of the state; zero in what Read returns.
	SecretsProvider SecretsProvider `json:"-"`
	// Rollout is the value of RolloutTag; empty while no other image was rolled out.
	Rollout string
	// Undone are the URNs of AWS's resources that the last update began with and did not finish: AWS may have what they
	// were, or what they should be.
	Undone []urn.URN
	// Image is what the stack's parameter for launch templates holds; empty while it is not there.
	Image string

	completedSerial int // the serial of the last claim for which everything was done
}

// SecretsProvider is what encrypts the secrets of a stack.
type SecretsProvider struct {
	// Address is such as awskms://alias/blog-state?region=us-east-2; that of a passphrase is "passphrase".
	Address string
	// EncryptedKey is the data key, encrypted by that key; nil with a passphrase.
	EncryptedKey []byte
	// Salt is that of a passphrase, with a proof of it; empty with a key.
	Salt string
}

// Passphrase is the address of a passphrase.
const Passphrase = "passphrase"

// Read reads a stack's checkpoint from the backend. A stack that does not exist has a zero
// State. The checkpoint has to be decrypted as a whole.
func Read(ctx *pulumi.Context, stack string) (State, error) {
	saved, err := resourceOutputs[savedOutputs](ctx, stack)
	if err != nil {
		return State{}, err
	}
	outputs := map[string]map[string]any{}
	for text, of := range saved {
		outputs[text] = map[string]any{
			"input": of.Input, "arn": of.ARN, "networkInterfaceId": of.Interface, "tags": of.Tags, exportedEpoch: of.Epoch, "dataType": of.DataType, "insecureValue": of.Value,
			"allocationId": of.Address, "replicationGroupId": of.Cache, "name": of.Name,
		}
	}
	m, err := assemble(outputs)
	if err != nil {
		return State{}, fmt.Errorf("reading the state of stack %s: %w", stack, err)
	}
	return m, nil
}

// savedOutputs are those that a state is read from. Others are not even looked at: a refresh leaves of a function's package
// its hash alone, and the SDK takes that for an error (expected asset to be one of File, String, or Remote; got none).
type savedOutputs struct {
	Input     any `pulumi:"input"` // of a stash
	ARN       any `pulumi:"arn"`
	Interface any `pulumi:"networkInterfaceId"`
	Address   any `pulumi:"allocationId"`
	Cache     any `pulumi:"replicationGroupId"`
	Name      any `pulumi:"name"`
	Tags      any `pulumi:"tags"`
	Epoch     any `pulumi:"epoch"`    // exportedEpoch
	DataType  any `pulumi:"dataType"` // of a parameter
	Value     any `pulumi:"insecureValue"`
}

// resourceOutputs are the outputs of a stack's resources in its checkpoint, by URN. A
// stack that does not exist has none.
func resourceOutputs[T any](ctx *pulumi.Context, stack string) (map[string]T, error) {
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), stack)
	var read struct {
		Resources map[string]struct { // by URN
			Outputs T `pulumi:"outputs"`
		} `pulumi:"outputs"`
	}
	_, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &struct {
		StackName string `pulumi:"stackName"`
	}{name}, &read, "")
	switch {
	case err != nil && strings.Contains(err.Error(), "unknown stack"):
		return nil, nil
	case err != nil:
		return nil, unread(stack, err)
	}
	outputs := map[string]T{}
	for text, resource := range read.Resources {
		outputs[text] = resource.Outputs
	}
	return outputs, nil
}

// KeepOutputs exports what the stack exports already. The engine would show each as
// deleted where an update that is refused exports nothing.
func KeepOutputs(ctx *pulumi.Context) {
	all, err := resourceOutputs[map[string]any](ctx, ctx.Stack())
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

// Decode reads a checkpoint, as pulumi stack export writes it below "deployment"; that of a stack which was never
// deployed is empty. All URNs in it are valid, and the engine would use it: else the error is a *BrokenError.
func Decode(checkpoint []byte) (held apitype.DeploymentV3, err error) {
	if len(checkpoint) == 0 {
		return held, nil
	}
	if err := json.Unmarshal(checkpoint, &held); err != nil {
		return held, fmt.Errorf("reading a stack's state: %w", err)
	}
	all := slices.Clone(held.Resources)
	for _, o := range held.PendingOperations {
		all = append(all, o.Resource)
	}
	for _, r := range all {
		if _, err := urn.Parse(string(r.URN)); err != nil {
			return held, fmt.Errorf("reading a stack's state: %w", err)
		}
	}
	if broken := verify(held); broken != nil {
		return held, broken
	}
	return held, nil
}

// Parse reads what a stack holds in a checkpoint.
func Parse(checkpoint []byte) (State, error) {
	held, err := Decode(checkpoint)
	if err != nil {
		return State{}, err
	}
	return Of(held)
}

// Of is what a stack holds in a checkpoint that Decode has read.
func Of(held apitype.DeploymentV3) (State, error) {
	outputs, protected := map[string]map[string]any{}, false
	for _, r := range held.Resources {
		name := r.URN.Name()
		if !r.Delete && name != SecretsStash { // of no use but to the program
			outputs[string(r.URN)] = r.Outputs
		}
		protected = protected || r.Protect && name == DestroyGuard
	}
	m, err := assemble(outputs)
	if err != nil {
		return State{}, err
	}
	m.DestroyProtected, m.Undone = protected, undone(held)
	if by := held.SecretsProviders; by != nil {
		var encrypted struct {
			URL          string `json:"url"`
			EncryptedKey []byte `json:"encryptedkey"`
			Salt         string `json:"salt"`
		}
		if err := json.Unmarshal([]byte(cmp.Or(string(by.State), "{}")), &encrypted); err != nil {
			return State{}, fmt.Errorf("reading a stack's state: %w", err)
		}
		m.SecretsProvider = SecretsProvider{Address: cmp.Or(encrypted.URL, by.Type), EncryptedKey: encrypted.EncryptedKey, Salt: encrypted.Salt}
	}
	return m, nil
}

// exportedEpoch is the name under which a stack exports its epoch (stacks.OutputEpoch).
const exportedEpoch = "epoch"

// assemble puts together what the stashes among a stack's resources hold. Outputs are by URN.
func assemble(outputs map[string]map[string]any) (m State, err error) {
	var marks []string // resources whose names tell how far an activation got
	var exported any   // the epoch that the stack exports; nil before its first update is done
	for text, held := range outputs {
		id, err := urn.Parse(text)
		if err != nil {
			return State{}, err
		}
		if id.Type() == "aws:route53/record:Record" || id.Type() == "pulumi:index:Stash" { // not the component, which is there from the start
			marks = append(marks, id.Name())
		}
		m.ResourceIDs = append(m.ResourceIDs, idsOf(string(id.Type()), held)...)
		if id.Type() == "pulumi:pulumi:Stack" {
			exported = held[exportedEpoch]
		}
		if id.Type() == CertificateType {
			m.Certificate, _ = held["arn"].(string)
		}
		if id.Type() == "aws:autoscaling/group:Group" {
			m.Rollout = groupTag(held, RolloutTag)
		}
		if id.Type() == "aws:ssm/parameter:Parameter" && held["dataType"] == ImageDataType {
			m.Image, _ = held["insecureValue"].(string)
		}
		if into := m.stashed(id); into != nil {
			if err := Unstash(held["input"], into); err != nil {
				return State{}, fmt.Errorf("reading %s: %w", id.Name(), err)
			}
		}
	}
	reached := func(suffix string) bool {
		return slices.ContainsFunc(marks, func(name string) bool { return strings.HasSuffix(name, suffix) })
	}
	// What a stack exports is saved after all its resources.
	unexported := exported != nil && fmt.Sprint(exported) != strconv.Itoa(m.Claim.Epoch)
	m.Unfinished, m.Adopting = m.completedSerial < m.Claim.Serial || unexported, m.completedSerial == UnderAdoption
	switch {
	case reached(SwitchSuffix(m.Claim.Epoch)):
		m.Claim.Progress = roles.Switched
	case reached(PromotedSuffix(m.Claim.Epoch)):
		m.Claim.Progress = roles.Promoted
	}
	return m, nil
}

// groupTag is the value of a tag of an Auto Scaling group, by its outputs; empty for none.
func groupTag(group map[string]any, key string) string {
	tags, _ := group["tags"].([]any)
	for _, tag := range tags {
		if t, ok := tag.(map[string]any); ok && t["key"] == key {
			value, _ := t["value"].(string)
			return value
		}
	}
	return ""
}

// SwitchSuffix ends the name of the resource that moves the site's name. It
// carries the epoch, so that every activation makes it anew and runs its hook.
func SwitchSuffix(epoch int) string { return fmt.Sprintf("%s%d", switches, epoch) }

const switches = "-switch-"

// Switches reports whether the resource of a name is one that moves the site's name, at any epoch.
func Switches(name string) bool { return strings.Contains(name, switches) }

// PromotedSuffix ends the name of what is in the state once the database is promoted.
func PromotedSuffix(epoch int) string { return fmt.Sprintf("-promoted-%d", epoch) }

func (m *State) stashed(id urn.URN) any {
	if id.Type() != "pulumi:index:Stash" {
		return nil
	}
	switch id.Name() {
	case ClaimStash:
		return &m.Claim
	case PublishedStash:
		return &m.Published
	case PeerStash:
		return &m.Peer
	case SecretsStash:
		return &m.Secrets
	case MediaStash:
		return &m.Media
	case DestroyGuard:
		return &m.completedSerial
	}
	return nil
}
