package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An InstanceType is what DescribeInstanceTypes shows of one.
type InstanceType struct {
	Name          string
	Architectures []string
	BootModes     []string
	VCPUs         int
}

var (
	// a family is its letters, its generation and what is special about it: t4g, m6id, c7gn.
	typeName = regexp.MustCompile(`^([a-z]+)(\d+)([a-z]*)\.([a-z0-9]+)$`)
	xlarges  = regexp.MustCompile(`^(\d*)xlarge$`)
)

// instanceType works out what EC2's table of types says ("Amazon EC2 instance types", naming
// conventions): g after the generation is Graviton, which boots by UEFI alone; types before
// Nitro know no UEFI ("Requirements for UEFI boot mode").
func instanceType(name string) (t InstanceType, ok bool) {
	m := typeName.FindStringSubmatch(name)
	if m == nil {
		return InstanceType{}, false
	}
	family, special, size := m[1], m[3], m[4]
	generation, _ := strconv.Atoi(m[2])
	t = InstanceType{Name: name, Architectures: []string{"x86_64"}, BootModes: []string{"legacy-bios", "uefi"}, VCPUs: 2}
	switch {
	case strings.HasPrefix(special, "g") || family == "a":
		t.Architectures, t.BootModes = []string{"arm64"}, []string{"uefi"}
	case generation < 3 || generation == 4 && slices.Contains([]string{"c", "m", "r"}, family):
		t.BootModes = []string{"legacy-bios"}
	}
	if many := xlarges.FindStringSubmatch(size); many != nil {
		t.VCPUs = 4
		if n, err := strconv.Atoi(many[1]); err == nil {
			t.VCPUs = 4 * n
		}
	} else if size == "medium" && family != "t" {
		t.VCPUs = 1
	}
	return t, true
}

// Offer is an instance type that a zone has.
type Offer struct{ Type, Zone string }

// InstanceTypes lists those of some names that a region has in any zone.
func (w *World) InstanceTypes(region string, names []string) (types []InstanceType) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		offered := slices.ContainsFunc(w.availabilityZones(region), func(zone string) bool { return w.offered(zone, name) })
		if t, known := instanceType(name); known && offered {
			types = append(types, t)
		}
	}
	return types
}

// common are a few of the types that every region has.
var common = []string{"t3.micro", "m5.large", "c5.large", "r5.large"}

// Offers lists in which zones of a region some instance types are to be had: without names,
// those of a few common ones.
func (w *World) Offers(region string, names []string) (offers []Offer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(names) == 0 {
		names = common
	}
	for _, name := range names {
		for _, zone := range w.availabilityZones(region) {
			if w.offered(zone, name) {
				offers = append(offers, Offer{name, zone})
			}
		}
	}
	return offers
}

// offered reports whether a zone has a type: every one, unless a fault says otherwise.
func (w *World) offered(zone, name string) bool {
	_, known := instanceType(name)
	return known && w.fault("offer", at(zone, name)) == nil
}

// A ClassOffer is a version of MySQL with which RDS offers an instance class, and in which zones.
type ClassOffer struct {
	Class, Version string
	Zones          []string
}

// commonClasses are a few of the classes that every region has.
var commonClasses = []string{"db.t3.micro", "db.m5.large", "db.r5.large"}

// ClassOffers lists with what an instance class can be had: every one with every version, unless a fault
// says otherwise. Without a class it lists a few common ones.
func (w *World) ClassOffers(region, class string) (offers []ClassOffer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	classes := []string{class}
	if class == "" {
		classes = commonClasses
	}
	for _, class := range classes {
		if zones := w.classZones(w.availabilityZones(region), class); len(zones) > 0 {
			for _, series := range []string{"8.0", "8.4"} {
				offers = append(offers, ClassOffer{class, actualVersion(series), zones})
			}
		}
	}
	return offers
}

// classZones are those of some zones that have an instance class of RDS.
func (w *World) classZones(zones []string, class string) (have []string) {
	machine, ok := strings.CutPrefix(class, "db.")
	if _, known := instanceType(machine); !ok || !known {
		return nil
	}
	for _, zone := range zones {
		if w.fault("offer", at(zone, class)) == nil {
			have = append(have, zone)
		}
	}
	return have
}

// validClass refuses a class that can't be had when a database is made, or becomes one of another class or in
// two zones. The words are those of hashicorp-education/learn-terraform-outputs#11.
func (w *World) validClass(o *Object) error {
	old := w.find(databaseType, o.Region, o.ID)
	if o.text("instanceClass") == "" { // a restored one has that of the snapshot's database
		return nil
	}
	if old != nil && old.text("instanceClass") == o.text("instanceClass") && (old.flag("multiAz") || !o.flag("multiAz")) {
		return nil
	}
	zones := w.availabilityZones(o.Region)
	if group := w.findBy(databaseSubnets, o.Region, "name", o.text("dbSubnetGroupName")); group != nil {
		zones = nil
		for _, id := range group.texts("subnetIds") {
			zones = append(zones, w.find(subnetType, o.Region, id).text("availabilityZone"))
		}
	}
	needed := 1
	if o.flag("multiAz") {
		needed = 2
	}
	if len(w.classZones(zones, o.text("instanceClass"))) >= needed {
		return nil
	}
	return refuse("InvalidParameterCombination", "RDS does not support creating a DB instance with the following combination: DBInstanceClass=%s, Engine=mysql, EngineVersion=%s, LicenseModel=general-public-license. "+
		"For supported combinations of instance class and database engine version, see the documentation.", o.text("instanceClass"), o.text("engineVersion"))
}

// at fits the value of a fault that is about a zone or a region, and maybe one instance type.
func at(zone, name string) func(value string) bool {
	return func(value string) bool {
		place, only, _ := strings.Cut(value, ":")
		return strings.HasPrefix(zone, place) && (only == "" || only == name)
	}
}

// unfit is why an image can't be launched on a type in a zone, in EC2's words; empty when it
// can. Zones: EC2 Auto Scaling User Guide, "Your requested instance type is not supported in your
// requested Availability Zone". Architectures: aws/karpenter-provider-aws#1737.
func (w *World) unfit(image Image, name, zone string) string {
	t, _ := instanceType(name)
	switch {
	case !w.offered(zone, name):
		return fmt.Sprintf("Your requested instance type (%s) is not supported in your requested Availability Zone (%s)", name, zone)
	case !slices.Contains(t.Architectures, image.Architecture):
		return fmt.Sprintf("The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI. "+
			"Specify an instance type and an AMI that have matching architectures, and try again", t.Architectures[0], image.Architecture)
	case image.BootMode != "" && image.BootMode != "uefi-preferred" && !slices.Contains(t.BootModes, image.BootMode):
		return fmt.Sprintf("The boot mode '%s' of the specified AMI is not supported by the instance type '%s'", image.BootMode, name)
	}
	return ""
}
