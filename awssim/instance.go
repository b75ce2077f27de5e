package awssim

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// An Instance is a machine behind a balancer, with the access to AWS that a
// workload on it would have. What lies in a lost region gives an error.
type Instance struct {
	world    *World
	region   string
	userData string
	number   int       // in its group
	booted   time.Time // when it first asked for parameters
}

// DatabaseState is what a workload finds at a database's address.
type DatabaseState struct {
	Exists   bool
	Status   string
	Writable bool // it answers, is no replica, and its parameters allow it
}

// Region is where the instance runs.
func (i Instance) Region() string { return i.region }

// UserData is the script that the instance was started with.
func (i Instance) UserData() string { return i.userData }

// Parameter is what the instance last heard of a parameter of Parameter Store in
// a region: it asks when it boots, and every minute.
func (i Instance) Parameter(region, name string) (value string, ok bool, err error) {
	at := i.asked(i.world.clock.Now())
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	if err := i.world.answers(region); err != nil {
		return "", false, err
	}
	o := i.world.find(parameterType, region, name)
	if o == nil || at.Before(o.Times["made"]) {
		return "", false, nil
	}
	return heard(o, parameterValue(o), at), true, nil
}

// asked is when the instance last asked for its parameters. Each has a second of
// the minute of its own.
func (i Instance) asked(now time.Time) time.Time {
	second := time.Duration(i.world.hash(i.region, "refresh", strconv.Itoa(i.number))%60) * time.Second
	return later(i.booted, now.Add(-second).Truncate(time.Minute).Add(second))
}

// Secret reads the current value of a secret.
func (i Instance) Secret(arn string) (string, error) {
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	region := arnRegion(arn)
	if err := i.world.answers(region); err != nil {
		return "", err
	}
	version := i.world.findBy(versionType, region, "secretId", arn)
	if version == nil {
		return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	}
	return version.text("secretString"), nil
}

// Database is what answers at an address.
func (i Instance) Database(address string) DatabaseState {
	w := i.world
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.at(databaseType, "address", address)
	if o == nil || w.answers(o.Region) != nil {
		return DatabaseState{}
	}
	return DatabaseState{Exists: true, Status: o.status(now), Writable: w.writable(o, now)}
}

// Bucket tells whether a bucket is there and its region answers.
func (i Instance) Bucket(name string) bool {
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o := i.world.at(bucketType, "bucket", name)
	return o != nil && i.world.answers(o.Region) == nil
}

// Cache tells whether a cache answers at an address.
func (i Instance) Cache(address string) bool {
	now := i.world.clock.Now()
	i.world.mu.Lock()
	defer i.world.mu.Unlock()
	o := i.world.at(cacheType, "primaryEndpointAddress", address)
	return o != nil && i.world.answers(o.Region) == nil && !now.Before(o.Ready)
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

func decoded(userData string) string {
	text, err := base64.StdEncoding.DecodeString(userData)
	if err != nil {
		return ""
	}
	return string(text)
}
