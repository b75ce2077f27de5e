package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"github.com/pilotlight-dr/pilotlight/awsclient"
	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// A rehearsal of a site as it stands: the world is filled with what both states say of AWS, what AWS
// itself said just now is laid over it, and copies of states and files are failed over.

// standing is the site of a survey.
func standing(v *ops.Survey) (site, error) {
	s := site{live: v}
	for _, of := range v.Stacks {
		c := of.Config
		c.Profile = "" // there are no credentials here
		if of.Exported == nil {
			s.say("stack %s was never deployed", c.Stack)
		}
		if c.Stack == v.Standby {
			s.recovery = c
		} else {
			s.production = &c
		}
	}
	if p := s.recovery.Production; p != nil { // what an activation does not read is not copied
		copied := *p
		copied.Secrets = map[string]string{}
		for _, key := range wordpress.SecretKeys() {
			copied.Secrets[key] = "rehearsed " + key
		}
		s.recovery.Production = &copied
		s.say("production's database %s is as its replica, and its bucket %s keeps versions", databaseName(copied), copied.Bucket)
	}
	s.assumed = append(s.assumed, v.Unseen...)
	s.say("what else both stacks made stands in AWS as their states say")
	s.say("EC2 has capacity for all of it")
	if s.manualDNS() {
		s.say("a person sets the record of %s %s after the program asks for it", s.recovery.Domain, handover)
	}
	if v.Seen != nil && v.Seen.Certificate != nil && v.Seen.Certificate.Unseen {
		s.say("certificate %s is good for %s", s.recovery.App.Certificate, strings.Join(s.recovery.AllNames(), ", "))
	}
	s.overlay(v)
	return s, nil
}

// overlay finds in what was seen what the world does by itself otherwise.
func (s *site) overlay(v *ops.Survey) {
	if v.Seen == nil {
		return
	}
	fault := func(name, format string, args ...any) {
		s.seen = append(s.seen, sim.Fault{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if r := v.Seen.Replica; r != nil && r.Source != "" {
		switch {
		case r.LastGood == nil:
			fault("lag", "unmeasured")
		case r.LastGood.Value > sim.UsualLag:
			fault("lag", "%s", r.LastGood.Value)
		}
		if r.Replication != "" && r.Replication != "replicating" && !checks.CutOff(r.Message) { // the world cuts it off by itself
			fault("replication", "broken")
		}
		if !checks.StandingOf(r.Status).Leaves() && r.Status != "available" {
			fault("database", "%s", r.Status)
		}
	}
	for _, t := range v.Seen.Types {
		for _, zone := range s.recovery.Network.Zones {
			if !slices.Contains(t.Zones, zone) {
				fault("offer", "%s:%s", zone, t.Name)
			}
		}
	}
	if n := v.Seen.Name; n != nil && len(n.Delegated) > 0 && !sameServers(n.Servers, n.Delegated) {
		fault("zone", "elsewhere")
	}
}

func sameServers(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// stand fills the world, and the project's backend, with what the survey holds.
func (s *Stage) stand(ctx context.Context) error {
	v := s.site.live
	s.World.Begin(v.At, v.Account)
	s.site.seedLiveWorld(s.World)
	sealer, err := newSealer()
	if err != nil {
		return err
	}
	store, err := backend.OpenStore(ctx, s.EngineEnv()["PULUMI_BACKEND_URL"], s.dir, nil)
	if err != nil {
		return err
	}
	var all []sim.Standing
	for _, of := range v.Stacks {
		if of.Exported != nil {
			copied, resources, err := sealer.copied(*of.Exported)
			if err != nil {
				return fmt.Errorf("copying the state of stack %s: %w", of.Config.Stack, err)
			}
			if err := store.PutState(ctx, config.Project, of.Config.Stack, copied.Version, copied.Features, copied.Deployment); err != nil {
				return err
			}
			all = append(all, s.site.standing(of, resources)...)
		}
		for _, lock := range of.Locks {
			if err := store.PutLock(ctx, config.Project, of.Config.Stack, lock); err != nil {
				return err
			}
		}
	}
	if err := s.World.Stand(s.site.asSeen(all)); err != nil {
		return err
	}
	if err := s.World.PutMetrics(s.site.served()); err != nil {
		return err
	}
	if err := s.leaveRoom(); err != nil {
		return err
	}
	for _, fault := range s.site.seen {
		if err := s.World.Inject(fault); err != nil {
			return err
		}
	}
	return s.uploadBacklog()
}

// copied is a state for the rehearsal's own backend, with its secrets encrypted by the rehearsal's
// passphrase, and the resources in it, with the secrets in plain text.
func (s sealer) copied(exported apitype.UntypedDeployment) (apitype.UntypedDeployment, []apitype.ResourceV3, error) {
	var held apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &held); err != nil {
		return exported, nil, err
	}
	var all map[string]any
	decoder := json.NewDecoder(bytes.NewReader(exported.Deployment))
	decoder.UseNumber() // so that what is not read here stays as it is
	err := decoder.Decode(&all)
	if err == nil {
		err = s.seal(all)
	}
	if err != nil {
		return exported, nil, err
	}
	all["secrets_providers"] = map[string]any{"type": "passphrase", "state": map[string]any{"salt": s.salt}}
	exported.Deployment, err = json.Marshal(all)
	return exported, held.Resources, err
}

// seal encrypts the secrets in a state, in place.
func (s sealer) seal(value any) error {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if err := s.seal(item); err != nil {
				return err
			}
		}
	case map[string]any:
		if value[sig.Key] == sig.Secret {
			plain, ok := value["plaintext"].(string)
			if !ok {
				return errors.New("a secret in it was not decrypted")
			}
			sealed, err := s.encrypt(plain)
			delete(value, "plaintext")
			value["ciphertext"] = sealed
			return err
		}
		for _, field := range value {
			if err := s.seal(field); err != nil {
				return err
			}
		}
	}
	return nil
}

// bare is a value of a state, without the marks of secrets and outputs.
func bare(value any) any {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			value[i] = bare(item)
		}
	case map[string]any:
		if value[sig.Key] == sig.Secret {
			var plain any
			text, _ := value["plaintext"].(string)
			_ = json.Unmarshal([]byte(text), &plain) // as the engine wrote it
			return bare(plain)
		}
		for key, field := range value {
			value[key] = bare(field)
		}
	}
	return value
}

// standing are the resources of AWS in a stack's state.
func (s site) standing(of ops.SurveyedStack, resources []apitype.ResourceV3) (all []sim.Standing) {
	providers := map[urn.URN]string{} // region of each, by its URN
	for _, r := range resources {
		if r.Type == "pulumi:providers:aws" {
			providers[r.URN], _ = r.Inputs["region"].(string)
		}
	}
	claim := of.State.Claim
	for _, r := range resources {
		if !r.Custom || r.ID == "" || !strings.HasPrefix(string(r.Type), "aws:") {
			continue
		}
		provider, _, _ := cutLast(r.Provider, "::")
		st := sim.Standing{Type: string(r.Type), Region: providers[urn.URN(provider)], ID: string(r.ID), Name: r.URN.Name(), Props: map[string]any{}}
		for _, held := range []map[string]any{r.Inputs, r.Outputs} {
			for key, value := range held {
				if value = bare(value); value != nil && !strings.HasPrefix(key, "__") {
					st.Props[key] = value
				}
			}
		}
		current := st.Props["identifier"] == of.Config.DatabaseID(claim.Generation.Number)
		st.Promoted = r.Type == databaseType && (of.Config.Stack != s.recovery.Stack || !current)
		all = append(all, st)
	}
	return all
}

// The types that are laid over.
const (
	databaseType    = "aws:rds/instance:Instance"
	certificateType = "aws:acm/certificate:Certificate"
	groupType       = "aws:rds/parameterGroup:ParameterGroup"
	recordType      = "aws:route53/record:Record"
	parameterType   = "aws:ssm/parameter:Parameter"
)

func cutLast(text, sep string) (before, after string, found bool) {
	at := strings.LastIndex(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(sep):], true
}

// nameIn is the name of a database or a bucket that is known by its ARN, or by its name.
func nameIn(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// seedLiveWorld puts into the world what the stacks take for given, as it was seen.
func (s site) seedLiveWorld(w *sim.World) {
	v := s.live
	for _, c := range s.configs() {
		for _, zone := range c.Network.Zones {
			w.AddAvailabilityZone(c.Region, zone)
		}
		if c.Stack != s.recovery.Stack || v.Seen == nil { // what is lost with its region, or could not be read
			addImage(w, c)
		}
		if arn := c.App.CertificateARN(); arn != "" {
			w.AddCertificate(sim.Certificate{ARN: arn, Status: checks.Issued, Names: c.AllNames(), Until: w.Clock().Now().AddDate(1, 0, 0)})
		}
	}
	zone := s.recovery.DNS.ZoneID
	if v.Seen == nil || v.Seen.Name == nil {
		if zone != "" {
			w.AddZone(zone, parent(s.recovery.Domain))
		}
	} else if v.Seen.Name.Zone != "" {
		w.AddZone(zone, v.Seen.Name.Zone)
		if v.Seen.Name.Private {
			w.MakePrivate(zone)
		}
	}
	if v.Seen != nil && v.Seen.Image != nil {
		i := v.Seen.Image
		w.PutImage(s.recovery.Region, sim.Image{ID: i.ID, Created: i.Made, Architecture: i.Architecture, BootMode: i.BootMode, State: i.State, RootGiB: i.RootGiB, Tags: map[string]string{images.SiteTag: s.recovery.Site}})
	}
	if v.Seen != nil && v.Seen.Blocked != nil {
		w.BlockPublicAccess(s.recovery.Region, v.Seen.Blocked.Mode)
	}
	if arn := s.certificate(); arn != "" && v.Seen != nil && v.Seen.Certificate == nil {
		w.RemoveCertificate(arn)
	} else if v.Seen != nil && v.Seen.Certificate != nil && !v.Seen.Certificate.Unseen {
		c := v.Seen.Certificate
		w.AddCertificate(sim.Certificate{ARN: arn, Status: c.Status, Names: c.Names, Until: c.Until})
	}
	w.SetWorkload(AnswerAsInstance)
}

// served is what the checks published of production's instances, by which an activation starts as many.
func (s site) served() []sim.Published {
	if s.live.ServedLately == 0 {
		return nil
	}
	return []sim.Published{{
		Region: s.recovery.Region, Metric: awsclient.Namespace + " " + failover.ServingMetric,
		Dimensions: map[string]string{"Site": s.recovery.Site, "Stack": s.recovery.Stack}, Value: float64(s.live.ServedLately), At: s.live.At,
	}}
}

// certificate is the ARN of the standby's certificate, given or requested; empty for none.
func (s site) certificate() string {
	for _, of := range s.live.Stacks {
		if of.Config.Stack == s.recovery.Stack && of.Config.App.RequestsCertificate() {
			return of.State.Certificate
		}
	}
	return s.recovery.App.Certificate
}

// mostUploads is how many files that wait to be copied are made up, of however many there are.
const mostUploads = 1000

// uploadBacklog makes the files that S3 has yet to copy to the standby's bucket.
func (s *Stage) uploadBacklog() error {
	v := s.site.live
	if v.Seen == nil || v.Seen.Backlog == nil || v.Seen.Backlog.Files == 0 {
		return nil
	}
	var bucket string
	for _, of := range v.Stacks {
		if of.Config.Stack == s.site.recovery.Stack {
			bucket = nameIn(of.State.Peer.Bucket)
		}
	}
	files := min(v.Seen.Backlog.Files, mostUploads)
	for i := range files {
		if err := s.World.Put(bucket, fmt.Sprintf("waiting/%d", i), int(v.Seen.Backlog.Bytes)/files); err != nil {
			return fmt.Errorf("making up the media that wait to be copied: %w", err)
		}
	}
	s.World.Clock().Advance(time.Minute) // S3 measures once a minute
	return nil
}

// failOverLive fails over by the operator's own command.
func (s *Stage) failOverLive(ctx context.Context) (*Report, error) {
	s.options.Progress(fmt.Sprintf("failing over to %s …", s.site.recovery.Region))
	opened, err := ops.OpenSite(s.Options(s.Env()))
	if err != nil {
		return nil, err
	}
	_, failed := opened.Failover(ctx, ops.Accepted{}, ops.Run{Say: func(line string) { s.options.Progress("  " + line) }})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r := s.report(failed)
	r.Live, r.Unread = true, s.site.live.Unread
	return r, nil
}
