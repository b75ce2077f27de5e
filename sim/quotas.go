package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Quota is how much of something an account may have in a region, as Service Quotas shows it.
type Quota struct {
	Service, Code, Title string
	Value                int
	// Default reports that Service Quotas knows no value of the account's own.
	Default bool
	// Unread and Why are the code and the message in place of a value that Service Quotas could not read.
	Unread, Why string
}

// A quota is one that is kept to.
type quota struct {
	name, service, code, title string // the name is a fault's
	value                      int
	// counts is the type of resource, and each how much of it one takes: one if nil.
	counts string
	each   func(*World, *Object) int
	// within is where they are counted together: in the region if nil.
	within  func(*World, *Object) string
	onlyOwn bool // Service Quotas knows the default alone
	refused func(limit int) *Error
}

// quotas are those that a site may meet. The values are AWS's defaults, but for vCPUs: 5 is what a
// new account has, and EC2 raises it by itself as it is used. The errors' words: hashicorp/terraform#6018
// (addresses), eksctl-io/eksctl#560 (gateways), hashicorp/terraform-provider-aws#25768 (databases),
// ministryofjustice/cloud-platform#6424 (storage); where none was found, those of the API's documentation.
var quotas = []quota{
	{name: "vcpus", service: "ec2", code: "L-1216C47A", title: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", value: 5000},
	{
		name: "addresses", service: "ec2", code: "L-0263D0A3", title: "EC2-VPC Elastic IPs", value: 5, counts: addressType,
		refused: func(int) *Error {
			return refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
		},
	},
	{
		name: "gateways", service: "vpc", code: "L-FE5A380F", title: "NAT gateways per Availability Zone", value: 5, counts: natType, within: zoneOfGateway,
		each: func(w *World, o *Object) int {
			if o.past("gone", w.clock.Now()) {
				return 0
			}
			return 1
		},
		refused: func(limit int) *Error {
			return refuse("NatGatewayLimitExceeded", "Performing this operation would exceed the limit of %d NAT gateways", limit)
		},
	},
	{
		name: "balancers", service: "elasticloadbalancing", code: "L-53DA6B97", title: "Application Load Balancers per Region", value: 50, counts: balancerType,
		refused: func(int) *Error {
			return refuse("TooManyLoadBalancers", "You've reached the limit on the number of load balancers for your AWS account.")
		},
	},
	{
		name: "target-groups", service: "elasticloadbalancing", code: "L-B22855CB", title: "Target Groups per Region", value: 3000, counts: targetsType, onlyOwn: true,
		refused: func(int) *Error {
			return refuse("TooManyTargetGroups", "You've reached the limit on the number of target groups for your AWS account.")
		},
	},
	{
		name: "databases", service: "rds", code: "L-7B6409FD", title: "DB instances", value: 40, counts: databaseType,
		refused: func(int) *Error { return refuse("InstanceQuotaExceeded", "DB Instance quota exceeded") },
	},
	{
		name: "storage", service: "rds", code: "L-7ADDB58A", title: "Total storage for all DB instances", value: 100_000, counts: databaseType,
		each: func(w *World, o *Object) int {
			if source := w.sourceOf(o); source != nil && o.number("allocatedStorage") == 0 { // it takes its source's
				return w.allocated(source)
			}
			return w.allocated(o)
		},
		refused: func(int) *Error {
			return refuse("StorageQuotaExceeded", "The operation cannot be completed. The storage quota for this account has been exceeded. "+
				"You can use the Service Quotas console to request an increase in total storage for this account")
		},
	},
	{
		name: "snapshots", service: "rds", code: "L-272F1212", title: "Manual DB instance snapshots", value: 100, counts: snapshotType,
		refused: func(limit int) *Error {
			return refuse("SnapshotQuotaExceeded", "Cannot create more than %d manual snapshots", limit)
		},
	},
	{
		name: "cache-nodes", service: "elasticache", code: "L-DFE45DF3", title: "Nodes per Region", value: 300, counts: cacheType,
		each: func(_ *World, o *Object) int { return o.number("numCacheClusters") },
		refused: func(int) *Error {
			return refuse("NodeQuotaForCustomerExceeded", "The request cannot be processed because it would exceed the allowed number of cache nodes per customer.")
		},
	},
}

func zoneOfGateway(w *World, o *Object) string {
	if subnet := w.find(subnetType, o.Region, o.text("subnetId")); subnet != nil {
		return subnet.text("availabilityZone")
	}
	return ""
}

// quotaNames are those that a fault may name.
func quotaNames() (names []string) {
	for _, q := range quotas {
		names = append(names, q.name)
	}
	return names
}

// quotaForm is a region, the name of a quota, and its value there.
func quotaForm(value string) (region, name string, limit int, ok bool) {
	parts := strings.Split(value, ":")
	if len(parts) != 3 || !placed.MatchString(parts[0]) || !slices.Contains(quotaNames(), parts[1]) {
		return "", "", 0, false
	}
	limit, err := strconv.Atoi(parts[2])
	return parts[0], parts[1], limit, err == nil && limit >= 0
}

// limit is what the account has of a quota in a region: what a fault leaves of it, and what AWS granted.
func (w *World) limit(q quota, region string) int {
	limit := q.value
	w.fault("quota", func(value string) bool {
		at, name, left, _ := quotaForm(value)
		if at != region || name != q.name {
			return false
		}
		limit = left
		return true
	})
	if q.name == "vcpus" && w.fault("launches", is("quota")) != nil {
		limit = 1
	}
	for _, asked := range w.state.Increases {
		if asked.Region == region && asked.Code == q.code && asked.status(w.clock.Now()) == "APPROVED" {
			limit = max(limit, asked.Desired)
		}
	}
	return limit
}

// used is how much of a quota is in use, where an object is counted.
func (w *World) used(q quota, region, within string) (used int) {
	for _, o := range w.all(q.counts, region) {
		if q.within == nil || q.within(w, o) == within {
			used += q.takes(w, o)
		}
	}
	return used
}

func (q quota) takes(w *World, o *Object) int {
	if q.each == nil {
		return 1
	}
	return q.each(w, o)
}

// withinQuotas refuses a new object for which the account has no room.
func (w *World) withinQuotas(o *Object) error {
	for _, q := range quotas {
		if q.counts != o.Type {
			continue
		}
		within := ""
		if q.within != nil {
			within = q.within(w, o)
		}
		if limit := w.limit(q, o.Region); w.used(q, o.Region, within)+q.takes(w, o) > limit {
			return q.refused(limit)
		}
	}
	return nil
}

// vcpuProblem is why no instance of a type can be launched for a group, in the words of a scaling
// activity (kubernetes/autoscaler#1263); empty when the quota allows it. All types count as standard ones here.
func (w *World) vcpuProblem(group *Object, kind string) string {
	limit, used := w.limit(quotas[0], group.Region), 0
	for _, m := range group.launched() { // the stored group may lack those of this very change
		used += m.vcpus()
	}
	for _, o := range w.all(scalingType, group.Region) {
		for _, m := range o.launched() {
			if o.ID != group.ID {
				used += m.vcpus()
			}
		}
	}
	if used+vcpusOf(kind) <= limit {
		return ""
	}
	return fmt.Sprintf("You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance type belongs to. "+
		"Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit", limit)
}

func (m Machine) vcpus() int {
	if m.ID == "" { // not launched
		return 0
	}
	return vcpusOf(m.Type)
}

func vcpusOf(kind string) int {
	if t, known := instanceType(kind); known {
		return t.VCPUs
	}
	return 2
}

// Launched lists the instances of groups that run in a region.
func (w *World) Launched(region string) (all []Machine) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(scalingType, region) {
		w.launch(o, now)
		for _, m := range o.launched() {
			all = append(all, m.Machine)
		}
	}
	return all
}

// An Increase is a request for a higher quota.
type Increase struct {
	ID, Region, Service, Code string
	Desired                   int
	Created                   time.Time
}

// grantedAfter is how long AWS takes to grant a request; in life hours to days, and some are refused.
const grantedAfter = 6 * time.Hour

func (i Increase) status(now time.Time) string {
	if now.Before(i.Created.Add(grantedAfter)) {
		return "PENDING"
	}
	return "APPROVED"
}

// openIncreases is how many requests a region takes at once
// (https://docs.aws.amazon.com/servicequotas/latest/userguide/reference_limits.html).
const openIncreases = 2

// QuotaOf finds a quota of the account's own, or its default. For one of balancers Service Quotas asks their service, by the
// caller's rights, and answers with the reason where that fails
// (https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ErrorReason.html).
func (w *World) QuotaOf(region, service, code string, standard bool) (Quota, error) {
	if service == "elasticloadbalancing" && !standard {
		if e := w.strike("elasticloadbalancing:DescribeAccountLimits"); e != nil {
			return Quota{Service: service, Code: code, Unread: dependencyError(e), Why: e.Message}, nil
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q, err := findQuota(service, code)
	if err != nil {
		return Quota{}, err
	}
	shown := Quota{Service: q.service, Code: q.code, Title: q.title, Value: q.value, Default: q.onlyOwn}
	if limit := w.limit(q, region); limit != q.value {
		shown.Default = false
		if !standard {
			shown.Value = limit
		}
	}
	if shown.Default && !standard {
		return Quota{}, refuse("NoSuchResourceException", "The request failed because the specified service quota has no applied value.")
	}
	return shown, nil
}

// dependencyError is Service Quotas's code for an error of the service that it asked.
func dependencyError(e *Error) string {
	switch e.Code {
	case "AccessDenied", "AccessDeniedException":
		return "DEPENDENCY_ACCESS_DENIED_ERROR"
	case "Throttling", "ThrottlingException":
		return "DEPENDENCY_THROTTLING_ERROR"
	}
	return "DEPENDENCY_SERVICE_ERROR"
}

func findQuota(service, code string) (quota, error) {
	for _, q := range quotas {
		if q.service == service && q.code == code {
			return q, nil
		}
	}
	return quota{}, refuse("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
}

// RequestIncrease is RequestServiceQuotaIncrease.
func (w *World) RequestIncrease(region, service, code string, desired int) (Increase, error) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	q, err := findQuota(service, code)
	if err != nil {
		return Increase{}, err
	}
	if limit := w.limit(q, region); desired <= limit {
		return Increase{}, refuse("IllegalArgumentException", "You must provide a quota value greater than the current quota value.")
	}
	open := 0
	for _, asked := range w.state.Increases {
		if asked.Region == region && asked.status(now) == "PENDING" {
			if open++; asked.Code == code {
				return Increase{}, refuse("ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota.")
			}
		}
	}
	if open >= openIncreases {
		return Increase{}, refuse("QuotaExceededException", "You have reached the limit of %d open quota increase requests in this region.", openIncreases)
	}
	asked := Increase{ID: w.requestID("increase", region, code, strconv.Itoa(len(w.state.Increases))), Region: region, Service: service, Code: code, Desired: desired, Created: now}
	w.state.Increases = append(w.state.Increases, asked)
	return asked, nil
}

// Increases lists the requests for a quota, with their status.
func (w *World) Increases(region, service, code string) (asked []Increase, statuses []string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, i := range w.state.Increases {
		if i.Region == region && i.Service == service && i.Code == code {
			asked, statuses = append(asked, i), append(statuses, i.status(now))
		}
	}
	return asked, statuses
}

// An AccountQuota is one of those that RDS shows by itself.
type AccountQuota struct {
	Name      string
	Used, Max int
}

// DatabaseQuotas are what DescribeAccountAttributes shows of databases.
func (w *World) DatabaseQuotas(region string) (shown []AccountQuota) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := map[string]string{"databases": "DBInstances", "storage": "AllocatedStorage", "snapshots": "ManualSnapshots"}
	for _, q := range quotas {
		if name := names[q.name]; name != "" {
			shown = append(shown, AccountQuota{name, w.used(q, region, ""), w.limit(q, region)})
		}
	}
	return shown
}

// Addresses lists the allocation ids of a region's Elastic IP addresses.
func (w *World) Addresses(region string) []string { return w.idsOf(addressType, region) }

func (w *World) idsOf(typ, region string) (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(typ, region) {
		ids = append(ids, o.ID)
	}
	return ids
}

// Subnets gives the availability zone of each of some subnets.
func (w *World) Subnets(region string, ids []string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	zones := map[string]string{}
	for _, id := range ids {
		subnet := w.find(subnetType, region, id)
		if subnet == nil {
			return nil, noSubnet(id)
		}
		zones[id] = subnet.text("availabilityZone")
	}
	return zones, nil
}

// CacheClusters lists the nodes of a region's Redis groups: each is a cluster of one.
func (w *World) CacheClusters(region string) (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.all(cacheType, region) {
		ids = append(ids, o.texts("memberClusters")...)
	}
	return ids
}
