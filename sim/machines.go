package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pilotlight-dr/pilotlight/estimate"
)

// A Machine is an instance of a group, or the wish for one.
type Machine struct {
	ID        string    `json:"id,omitempty"` // empty until it could be launched
	Zone      string    `json:"zone,omitempty"`
	Type      string    `json:"type,omitempty"` // empty until it could be launched
	Image     string    `json:"image,omitempty"`
	InService time.Time `json:"inService"`          // from when on; zero until it could be launched
	Next      time.Time `json:"next"`               // attempt to launch it
	Tried     int       `json:"tried"`              // attempts that failed
	Served    time.Time `json:"served,omitzero"`    // from when on the one that it replaced was in service
	Outdated  bool      `json:"outdated,omitempty"` // a refresh replaces it
}

// served is from when on its place among the others is in service: it may have replaced an instance that was.
func (m Machine) served() time.Time {
	if !m.Served.IsZero() {
		return m.Served
	}
	return m.InService
}

// A ScalingActivity is one attempt to launch an instance, as DescribeScalingActivities
// tells it.
type ScalingActivity struct {
	ID      string    `json:"id"`
	Zone    string    `json:"zone"`
	Began   time.Time `json:"began"`
	Ends    time.Time `json:"ends"`
	Machine string    `json:"machine,omitempty"` // empty when the attempt failed
	Problem string    `json:"problem,omitempty"`
}

// How soon a group tries to launch an instance again: in another zone at once, and
// when all zones were tried, after a while. AWS does not say how long.
const (
	elsewhere = 10 * time.Second
	again     = time.Minute
)

// told is how many activities are kept; AWS keeps those of six weeks.
const told = 100

// launch makes the attempts to launch a group's instances that are due by now.
func (w *World) launch(o *Object, now time.Time) {
	for i := range o.Machines {
		w.attempt(o, i, &o.Machines[i], now)
	}
	w.refresh(o, now)
	slices.SortStableFunc(o.Activities, func(a, b ScalingActivity) int { return a.Began.Compare(b.Began) })
	o.Activities = o.Activities[max(0, len(o.Activities)-told):]
}

// attempt makes the attempts to launch one instance of a group that are due by now. Its place among the others
// decides about the zone.
func (w *World) attempt(o *Object, place int, m *Machine, now time.Time) {
	if m.ID != "" {
		return
	}
	zones := w.zonesOf(o)
	for m.ID == "" && !m.Next.After(now) {
		m.Zone = zones[(place+m.Tried)%len(zones)]
		a := ScalingActivity{ID: w.requestID("activity", o.Region, o.ID, strconv.Itoa(place), m.Next.Format(time.RFC3339Nano)), Zone: m.Zone, Began: m.Next}
		if m.Type, a.Problem = w.place(o, m.Zone); a.Problem == "" {
			w.state.Made["instance "+o.Region+" "+o.ID]++
			number := w.state.Made["instance "+o.Region+" "+o.ID] - 1
			m.ID = fmt.Sprintf("i-0%016x", w.hash("instance", o.Region, o.ID, strconv.Itoa(number)))
			m.InService = m.Next.Add(w.Duration(o.Region, estimate.Instances, o.Name))
			a.Machine, a.Ends = m.ID, m.InService
			image, _ := w.launchImage(o.Region, w.templateOf(o))
			m.Image = image.ID
		} else {
			a.Ends = m.Next.Add(time.Second)
			if m.Tried++; m.Tried%len(zones) == 0 {
				m.Next = m.Next.Add(again)
			} else {
				m.Next = m.Next.Add(elsewhere)
			}
		}
		o.Activities = append(o.Activities, a)
	}
}

// launchAll makes what attempts are due in any group, before something changes that
// decides about them.
func (w *World) launchAll() {
	now := w.clock.Now()
	for _, o := range w.where(func(o *Object) bool { return o.Type == scalingType }) {
		w.launch(o, now)
	}
}

// zonesOf are the availability zones of a group's subnets.
func (w *World) zonesOf(o *Object) (zones []string) {
	for _, id := range o.texts("vpcZoneIdentifiers") {
		if subnet := w.find(subnetType, o.Region, id); subnet != nil && !slices.Contains(zones, subnet.text("availabilityZone")) {
			zones = append(zones, subnet.text("availabilityZone"))
		}
	}
	if len(zones) == 0 {
		zones = []string{Zones(o.Region)[0]}
	}
	slices.Sort(zones)
	return zones
}

// templateOf is the launch template of a group, also where it is part of a policy of several
// instance types.
func (w *World) templateOf(o *Object) *Object {
	id := textAt(o.Props, "launchTemplate.id")
	if id == "" {
		id = textAt(o.Props, mixedTemplate)
	}
	return w.find(templateType, o.Region, id)
}

// mixedTemplate is where a policy of several instance types names its launch template.
const mixedTemplate = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId"

// place finds the type of which an instance is launched in a zone: the first in order of
// preference that can be had (EC2 Auto Scaling User Guide, "Allocation strategies for multiple
// instance types", prioritized). The problem is that of the last, or empty.
func (w *World) place(o *Object, zone string) (kind, problem string) {
	template := w.templateOf(o)
	types := textsAt(o.Props, "mixedInstancesPolicy.launchTemplate.overrides.instanceType")
	if len(types) == 0 {
		types = []string{template.text("instanceType")}
	}
	for _, kind := range types {
		if problem = w.launchProblem(o, template, kind, zone); problem == "" {
			return kind, ""
		}
	}
	if len(types) > 1 { // as instances of a fleet fail
		problem = "Could not launch On-Demand Instances. " + problem
	}
	return "", problem
}

// launchProblem is why an instance cannot be launched in a zone, in the words of its
// activity; empty when it can. Capacity: terraform-provider-aws#33665. Keys and images: EC2 Auto
// Scaling User Guide, "Troubleshoot issues".
func (w *World) launchProblem(group, template *Object, kind, zone string) string {
	image, problem := w.launchImage(group.Region, template)
	if problem == "" && kind != "" {
		problem = w.unfit(image, kind, zone)
	}
	short, exceeds := w.fault("capacity", at(zone, kind)), w.vcpuProblem(group, kind)
	switch {
	case problem != "":
	case exceeds != "":
		problem = exceeds
	case w.volumeKeyProblem(group.Region, image) != "":
		problem = w.volumeKeyProblem(group.Region, image)
	case w.fault("launches", is("key")) != nil:
		problem = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
	case short != nil:
		problem = fmt.Sprintf("We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). Our system will be working on provisioning additional capacity. "+
			"You can currently get %s capacity by not specifying an Availability Zone in your request or choosing another", kind, zone, kind)
	default:
		return ""
	}
	return problem + ". Launching EC2 instance failed."
}

// boots is when a machine of a group comes into service, by its place among the others.
func (w *World) boots(o *Object, place int, m Machine) time.Time {
	switch {
	case w.state.Images[o.Region+"|"+m.Image].Broken:
		return never
	case place == 0 && w.fault("instances", is("late")) != nil:
		return m.InService.Add(lateness)
	}
	return m.InService
}

// launched are the instances of a group that could be launched, those beside which a refresh has launched others among
// them.
func (o *Object) launched() (all []Successor) {
	for i, m := range o.Machines {
		all = append(all, Successor{m, i})
	}
	return slices.DeleteFunc(append(all, o.Successors...), func(s Successor) bool { return s.ID == "" })
}

// inService counts a group's healthy instances.
func (w *World) inService(o *Object, now time.Time) (count int) {
	for _, m := range o.launched() {
		if !now.Before(w.boots(o, m.Of, m.Machine)) {
			count++
		}
	}
	return count
}

// A ScalingGroup is a group as DescribeAutoScalingGroups shows it.
type ScalingGroup struct {
	Name                  string
	Least, Most, Capacity int
	Machines              []Running // that could be launched; healthy ones are in service
	Tags                  map[string]string
}

// Running is an instance of a group.
type Running struct {
	Target
	Zone, Type string
}

// ScalingGroups lists a region's groups.
func (w *World) ScalingGroups(region string) (all []ScalingGroup) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(scalingType, region) {
		w.launch(o, now)
		g := ScalingGroup{Name: o.ID, Least: o.number("minSize"), Most: o.number("maxSize"), Capacity: o.number("desiredCapacity"), Tags: map[string]string{}}
		for _, m := range o.launched() {
			g.Machines = append(g.Machines, Running{Target: Target{ID: m.ID, Healthy: !now.Before(w.boots(o, m.Of, m.Machine))}, Zone: m.Zone, Type: m.Type})
		}
		tags, _ := o.Props["tags"].([]any)
		for _, tag := range tags {
			g.Tags[textAt(tag, "key")] = textAt(tag, "value")
		}
		all = append(all, g)
	}
	return all
}

// ScalingActivities lists what a group did, the newest first.
func (w *World) ScalingActivities(region, group string) ([]ScalingActivity, error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(scalingType, region, group)
	if o == nil {
		return nil, refuse("ValidationError", "Group name not found - AutoScalingGroup '%s' not found", group)
	}
	w.launch(o, now)
	newest := slices.Clone(o.Activities)
	slices.Reverse(newest)
	return newest, nil
}
