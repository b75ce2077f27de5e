package sim

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// An Instance is a machine behind a balancer, with the access to AWS that a
// workload on it would have. What lies in a lost region gives an error.
type Instance struct {
	world    *World
	region   string
	userData string
	name     string    // "i-0123456789abcdef0"
	boot     time.Time // when it first read the parameters
}

// DatabaseState is what a workload finds at a database's address.
type DatabaseState struct {
	Exists   bool
	Status   string
	Writable bool // it answers, is no replica, and its parameter group does not forbid it
	// IgnoresReadOnly reports that it is writable although its parameter group does forbid it.
	IgnoresReadOnly bool
}

// Region is where the instance runs.
func (i Instance) Region() string { return i.region }

// Name tells instances apart.
func (i Instance) Name() string { return i.name }

// UserData is the script that the instance was started with.
func (i Instance) UserData() string {
	if known, ok := unpacked.Load(i.userData); ok {
		return known.(string)
	}
	text := decoded(i.userData)
	unpacked.Store(i.userData, text)
	return text
}

// unpacked holds user data by what was sent: each request of a visitor is for it, and there are few.
var unpacked sync.Map

// Parameter is what the instance last heard of a parameter of Parameter Store in
// a region: it reads at its boot, and once a minute afterwards.
func (i Instance) Parameter(region, name string) (value string, ok bool, err error) {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	if err := i.world.answers(region); err != nil {
		return "", false, err
	}
	value = i.world.parameterAt(region, name, i.heard(region, now))
	return value, value != "", nil
}

// heard is when an instance last heard of a region: nothing reached it while
// that region, or its own, was lost.
func (i Instance) heard(region string, now time.Time) time.Time {
	at := i.reading(now)
	for _, lost := range []string{i.region, region} {
		if gap := i.world.state.Gaps[lost]; gap.holds(at) {
			at = i.reading(gap.From)
		}
	}
	return at
}

// reading is when an instance last read the parameters: each has its own second
// in the minute.
func (i Instance) reading(now time.Time) time.Time {
	phase := time.Duration(i.world.draw("reads parameters", i.name) * float64(time.Minute)).Truncate(time.Millisecond)
	return later(now.Add(-phase).Truncate(time.Minute).Add(phase), i.boot)
}

// Secret is what the instance last read of a secret: it does when a parameter tells it to, and so as
// often as it reads those.
func (i Instance) Secret(arn string) (string, error) {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	region := arnRegion(arn)
	if err := i.world.answers(region); err != nil {
		return "", err
	}
	if value := i.world.secretAt(region, arn, i.heard(region, now)); value != "" {
		return value, nil
	}
	return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
}

// Database is what answers at an address.
func (i Instance) Database(address string) DatabaseState { return i.world.DatabaseState(address) }

// DatabaseState is what a workload finds at a database's address, for whatever follows the
// world with databases of its own.
func (w *World) DatabaseState(address string) DatabaseState {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	state, _ := w.databaseAt(address, now)
	return state
}

// databaseAt is the database at an address and the state that it shows.
func (w *World) databaseAt(address string, now time.Time) (DatabaseState, *Object) {
	o := w.at(databaseType, "address", address)
	if o == nil || w.answers(o.Region) != nil || !listens(o) {
		return DatabaseState{}, nil
	}
	status := w.databaseStatus(o, now)
	answers := status != "creating" && status != "rebooting" && status != "upgrading"
	_, readOnly := w.readOnlySince(o, now)
	ignored := readOnly && w.fault("freeze", is("ignored")) != nil
	writable := answers && w.sourceName(o) == "" && (!readOnly || ignored)
	return DatabaseState{Exists: true, Status: status, Writable: writable, IgnoresReadOnly: writable && ignored}, o
}

// Bucket reports whether a bucket is there and its region answers.
func (i Instance) Bucket(name string) bool {
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o := i.world.at(bucketType, "bucket", name)
	return o != nil && i.world.answers(o.Region) == nil
}

// Cache reports whether a cache answers at an address, and lets the instance in by a token.
func (i Instance) Cache(address, token string) bool {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o := i.world.at(cacheType, "primaryEndpointAddress", address)
	return o != nil && i.world.answers(o.Region) == nil && !now.Before(o.Times["created"]) && o.lets(token, now)
}

// at finds an object by what names it over all regions.
func (w *World) at(typ, prop, value string) *Object {
	found := w.where(func(o *Object) bool { return o.Type == typ && value != "" && strings.EqualFold(o.text(prop), value) })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// answers is an error when a region is lost.
func (w *World) answers(region string) error {
	if loss, gone := w.lost(region); gone {
		return &OutageError{Region: region, Hung: loss.How == Hang}
	}
	return nil
}

// decoded is user data as an instance runs it: cloud-init unpacks what is compressed with
// gzip (cloudinit/user_data.py, convert_string).
func decoded(userData string) string {
	text, err := base64.StdEncoding.DecodeString(userData)
	if err != nil {
		return ""
	}
	packed, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return string(text)
	}
	unpacked, err := io.ReadAll(packed)
	if err != nil {
		return ""
	}
	return string(unpacked)
}
