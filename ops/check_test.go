package ops

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/backend"
	"github.com/pilotlight-dr/pilotlight/refusal"
)

// TestWhereTheStateLies judges places of the state. After a failover in a partition of two
// regions the state is in the region that leads, and what both regions live for works.
func TestWhereTheStateLies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		address, leading, other string
		blocks                  bool
		seen, remedy            string
	}{
		"a third region":            {"s3://state?region=us-west-1", "us-west-2", "us-east-2", false, "s3://state?region=us-west-1", ""},
		"the standby's region":      {"s3://state?region=us-east-2", "us-west-2", "us-east-2", false, "us-east-2", ""},
		"the active side's region":  {"s3://state?region=us-west-2", "us-west-2", "us-east-2", true, "losing that loses the state too", "pilotlight bootstrap --move --region REGION, best a third one"},
		"China, standby's region":   {"s3://state?region=cn-northwest-1", "cn-north-1", "cn-northwest-1", false, "cn-northwest-1", ""},
		"China, after a failover":   {"s3://state?region=cn-northwest-1", "cn-northwest-1", "cn-north-1", true, "losing that loses the state too", "pilotlight bootstrap --move --region cn-north-1"},
		"not known where":           {"https://api.pulumi.com", "us-west-2", "us-east-2", false, "see yourself that it does not depend on us-west-2", ""},
		"no side that leads so far": {"file://~", "", "", false, "file://~", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := &Site{options: Options{EnvVars: map[string]string{"PULUMI_BACKEND_URL": tc.address}}}
			for _, purpose := range []Purpose{ForFailover, ForReprotect, ForSwitchover} {
				q := site.stateAndKeys(t.Context(), purpose, Evidence{}, tc.leading, tc.other)[0]
				ok := purpose != ForFailover || !tc.blocks
				assert.Equal(t, ok, q.OK, purpose)
				assert.Equal(t, !ok, q.Code == StateInRegion, purpose)
				assert.Contains(t, q.Reason, tc.seen)
				assert.Equal(t, tc.remedy, q.Remedy, purpose)
			}
		})
	}
}

func TestUnlockedBy(t *testing.T) {
	t.Parallel()
	lock := LockStatus{Stack: "dr", By: "ann@laptop (pid 7)", Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	with := func(holder backend.Holder, leftHere bool) LockStatus {
		l := lock
		l.Holder, l.LeftHere = holder, leftHere
		return l
	}
	for name, tc := range map[string]struct {
		locks []LockStatus
		ok    bool
		says  string
	}{
		"none":                 {nil, true, "stack dr is not locked"},
		"an update that runs":  {[]LockStatus{with(backend.HolderLives, false)}, false, "runs on this machine (ann@laptop (pid 7), since 2026-03-01 12:00:00 UTC): wait for it"},
		"a killed run of ours": {[]LockStatus{with(backend.HolderDied, true)}, true, "the next run releases the lock"},
		"no such process":      {[]LockStatus{with(backend.HolderDied, false)}, false, "this machine has no such process: if it ran here, pilotlight unlock dr"},
		"another machine":      {[]LockStatus{with(backend.HolderUnknown, false)}, false, "if that update is dead, pilotlight unlock dr"},
		"ours, and another's":  {[]LockStatus{with(backend.HolderDied, true), with(backend.HolderUnknown, false)}, false, "if that update is dead"},
		"another's, and ours":  {[]LockStatus{with(backend.HolderUnknown, false), with(backend.HolderDied, true)}, false, "if that update is dead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := unlockedBy(tc.locks, "dr")
			assert.Equal(t, tc.ok, q.OK)
			assert.Contains(t, refusal.Sentence(q.Reason, q.Remedy), tc.says)
			assert.Equal(t, !tc.ok, q.Code == refusal.CodeLocked)
		})
	}
}

func TestLeftHere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, runsFolder), 0o700))
	const dead = 1<<22 + 1 // above the largest process id
	for machine, left := range map[string]bool{thisMachine(): true, "another\nmachine\n": false, hostname(): false} {
		require.NoError(t, os.WriteFile(runFile(dir, "dr", dead), []byte(machine), 0o600))
		assert.Equal(t, left, leftHere(dir, "dr", backend.Lock{Host: hostname(), PID: dead}), machine)
	}
	assert.False(t, leftHere(dir, "dr", backend.Lock{Host: hostname(), PID: dead + 1}), "no engine of this folder")
	require.NoError(t, os.WriteFile(runFile(dir, "dr", os.Getpid()), []byte(thisMachine()), 0o600))
	assert.False(t, leftHere(dir, "dr", backend.Lock{Host: hostname(), PID: os.Getpid()}), "it lives")
}

// TestLeftHereByAnother holds that the ticks of an engine tell it from a process that has its id now, and that the clock does not.
func TestLeftHereByAnother(t *testing.T) {
	t.Parallel()
	s := &Stack{options: Options{Dir: t.TempDir()}}
	here := os.Getpid()
	s.engineBegins(here)
	text, err := os.ReadFile(s.runFile(here))
	require.NoError(t, err)
	_, ticks, known := strings.Cut(string(text), began)      // where there is no /proc, nothing tells them apart
	stepped, now := time.Now().AddDate(-1, 0, 0), time.Now() // before the clock was put forward, and after
	for name, tc := range map[string]struct {
		text  string
		host  string
		since time.Time
		left  bool
	}{
		"it lives":                          {string(text), hostname(), now, false},
		"it lives, and the clock has moved": {string(text), hostname(), stepped, false},
		"another has its id":                {thisMachine() + began + "1" + ticks, hostname(), stepped, known},
		"another has it since just now":     {thisMachine() + began + "1" + ticks, hostname(), now, known},
		"of another machine":                {thisMachine() + began + "1" + ticks, hostname() + "-b", stepped, false},
		"it was not said when it began":     {thisMachine(), hostname(), stepped, false},
	} {
		require.NoError(t, os.WriteFile(s.runFile(here), []byte(tc.text), 0o600))
		assert.Equal(t, tc.left, leftHere(s.options.Dir, s.Name(), backend.Lock{Host: tc.host, PID: here, Since: tc.since}), name)
	}
	require.NoError(t, os.WriteFile(s.runFile(here), text, 0o600))
	s.engineEnds(here)
	assert.False(t, leftHere(s.options.Dir, s.Name(), backend.Lock{Host: hostname(), PID: here, Since: stepped}), "it is about to end")
}

func TestWritable(t *testing.T) {
	t.Parallel()
	fresh, used, blocked := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(used, ".pilotlight"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(blocked, ".pilotlight"), nil, 0o600)) // for root, who may write everywhere
	for dir, ok := range map[string]bool{fresh: true, used: true, blocked: false} {
		q := (&Site{options: Options{Dir: dir}}).writable()
		assert.Equal(t, ok, q.OK, q.Reason)
		assert.Equal(t, ok, q.Remedy == "")
	}
	left, err := filepath.Glob(filepath.Join(used, ".pilotlight", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDeployed(t *testing.T) {
	t.Parallel()
	const template = "aws:ec2/launchTemplate:LaunchTemplate"
	for name, tc := range map[string]struct {
		would Planned
		told  bool
		stops bool
	}{
		"an activation as it is":          {Planned{Op: "update", Type: "aws:autoscaling/group:Group"}, false, false},
		"the template changes":            {Planned{Op: "update", Type: template}, true, false},
		"there is no template yet":        {Planned{Op: "create", Type: template}, false, false},
		"the route to a NAT gateway":      {Planned{Op: "create", Type: "aws:ec2/route:Route"}, false, false},
		"a zone more":                     {Planned{Op: "create", Type: "aws:ec2/subnet:Subnet"}, true, true},
		"a subnet in another zone":        {Planned{Op: "create-replacement", Type: "aws:ec2/subnet:Subnet"}, true, true},
		"a zone less":                     {Planned{Op: "delete", Type: "aws:ec2/routeTable:RouteTable"}, true, true},
		"a tag of a subnet":               {Planned{Op: "update", Type: "aws:ec2/subnet:Subnet"}, false, false},
		"a subnet group is made again":    {Planned{Op: "create-replacement", Type: "aws:rds/subnetGroup:SubnetGroup"}, true, true},
		"a subnet group takes more zones": {Planned{Op: "update", Type: "aws:rds/subnetGroup:SubnetGroup"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := deployed(Plan{Resources: []Planned{tc.would}})
			require.Equal(t, tc.told, len(told) == 1)
			for _, q := range told {
				assert.Equal(t, !tc.stops, q.OK, "another template keeps nobody from it who may deploy")
				assert.Equal(t, tc.stops, q.Code == NetworkUndeployed)
				assert.Equal(t, "pilotlight deploy", q.Remedy)
			}
		})
	}
}

// TestDenies: rights are named where AWS denied them, and not where it was busy, ill or silent.
func TestDenies(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"AccessDenied": true, "ValidationError": true, "Throttling": false, "ThrottlingException": false, "ServiceUnavailable": false} {
		assert.Equal(t, want, denies(&smithy.GenericAPIError{Code: code}), code)
	}
	assert.False(t, denies(context.DeadlineExceeded))
}
