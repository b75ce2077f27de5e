// Package sim simulates AWS in one process: regions with the resources, the waiting and the
// errors that matter to a failover, on a virtual clock. Package provider shows a world to
// Pulumi, package wire to the AWS SDK. What happens is decided here.
//
// What it does not model it refuses, with ErrNotModelled.
package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Account is the id of the one account that a world has, unless it is told another one.
const Account = "123456789012"

// A World is all regions together. It is safe for concurrent use.
//
// It has a method for each call of AWS that is simulated: services refer to each other in every
// call, one lock and one journal are for all, and a service is a file of its own.
type World struct {
	seed  uint64
	luck  uint64 // see Redraw
	clock *Clock

	mu       sync.Mutex
	state    state
	kept     map[string]map[string]*Object // the state's objects by place and type, and by id; nil until it is asked for
	journal  []*Step
	healed   chan struct{}                       // closed when the faults are taken back, and made anew
	slow     atomic.Pointer[map[string]slowness] // operations that take so many times as long
	accepted atomic.Pointer[func(Step)]          // see OnAccept
	workload func(Instance, *http.Request) Answer
}

// state is what a snapshot holds.
type state struct {
	Now     time.Time          `json:"now"`
	Account string             `json:"account"`
	Objects map[string]*Object `json:"objects"`           // by place, type and id
	Zones   map[string]string  `json:"zones"`             // hosted zones: name by id
	Private map[string]bool    `json:"private,omitempty"` // hosted zones that only a VPC asks, by id
	Images  map[string]Image   `json:"images"`            // by region and id

	ExtraZones map[string][]string `json:"extraZones,omitempty"` // availability zones besides those of every region, by region

	Certificates map[string]Certificate    `json:"certificates"` // by ARN
	Uploads      []Upload                  `json:"uploads"`      // into buckets, in their order
	Multiparts   map[string]*Multipart     `json:"multiparts"`   // by upload id
	Foreign      map[string]string         `json:"foreign"`      // buckets of other accounts: region by name
	Lost         map[string]Loss           `json:"lost"`         // by region
	Gaps         map[string]Gap            `json:"gaps"`         // by region: its last outage that is over
	Deleted      map[string][]Former       `json:"deleted"`      // what parameters were that are no more, by place, type and id
	Made         map[string]int            `json:"made"`         // how often a name was made: ids don't repeat
	Calls        map[string]int            `json:"calls"`
	Faults       []*armed                  `json:"faults"`
	Increases    []Increase                `json:"increases,omitempty"`    // of quotas, that were asked for
	Metrics      []Published               `json:"metrics,omitempty"`      // that were put, in their order
	Snapshots    map[string]VolumeSnapshot `json:"snapshots,omitempty"`    // of volumes, by region and id
	PublicAccess map[string]string         `json:"publicAccess,omitempty"` // of VPCs, where it is blocked: the mode by region
	VolumeKeys   map[string]string         `json:"volumeKeys,omitempty"`   // of customers, that encrypt volumes by default: ARN by region
	Grants       map[string][]string       `json:"grants,omitempty"`       // of keys: grantees by ARN
	Rings        []Ring                    `json:"rings,omitempty"`        // of alarms
	Events       []Event                   `json:"events,omitempty"`       // of EventBridge, in their order
	Logged       map[string][]LogEvent     `json:"logged,omitempty"`       // by region and log group
	Roleless     map[string]bool           `json:"roleless,omitempty"`     // service-linked roles that the account has yet to get
}

// New makes an empty world. Equal seeds give equal durations.
func New(seed uint64) *World {
	w := &World{seed: seed, clock: newClock(), healed: make(chan struct{}), state: state{
		Account: Account,
		Objects: map[string]*Object{}, Zones: map[string]string{}, Images: map[string]Image{}, ExtraZones: map[string][]string{}, Certificates: map[string]Certificate{},
		Multiparts: map[string]*Multipart{}, Foreign: map[string]string{}, Lost: map[string]Loss{}, Gaps: map[string]Gap{}, Deleted: map[string][]Former{},
		Made: map[string]int{}, Calls: map[string]int{}, Snapshots: map[string]VolumeSnapshot{}, Logged: map[string][]LogEvent{},
		VolumeKeys: map[string]string{}, Grants: map[string][]string{},
	}}
	w.slow.Store(&map[string]slowness{})
	return w
}

// Account is the id of the world's account.
func (w *World) Account() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Account
}

// Clock is the world's time.
func (w *World) Clock() *Clock { return w.clock }

// Close ends the world: all who sleep in it wake with ErrClosed.
func (w *World) Close() { w.clock.Close() }

// Snapshot is the world as plain data: resources, time, outages and faults. The
// journal is not in it.
func (w *World) Snapshot() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Now = w.clock.Now()
	data, err := json.Marshal(w.state)
	if err != nil {
		panic(fmt.Sprintf("a world is plain data, yet: %v", err))
	}
	return data
}

// Restore puts a snapshot in the place of what the world holds.
func (w *World) Restore(snapshot []byte) error {
	s := New(w.seed).state
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return fmt.Errorf("restoring a simulated world: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.kept, w.journal = s, nil, nil
	w.slowDown()
	w.clock.setNow(s.Now)
	return nil
}

// Zones are the availability zones that every region has here.
func Zones(region string) []string {
	return []string{region + "a", region + "b", region + "c"}
}

// AddAvailabilityZone opens a zone of a region beside those that every region has.
func (w *World) AddAvailabilityZone(region, zone string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.availabilityZones(region), zone) {
		w.state.ExtraZones[region] = append(w.state.ExtraZones[region], zone)
	}
}

func (w *World) availabilityZones(region string) []string {
	return append(Zones(region), w.state.ExtraZones[region]...)
}
