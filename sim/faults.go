package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pilotlight-dr/pilotlight/estimate"
)

// A Fault is something to go wrong.
type Fault struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// FaultHelp describes a fault to a person.
type FaultHelp struct {
	Name, Values, Meaning string
}

// armed is a fault in a world.
type armed struct {
	Fault
	Since     time.Time `json:"since"`
	Operation string    `json:"operation,omitempty"` // "rds:PromoteReadReplica"
	Code      string    `json:"code,omitempty"`
	Left      int       `json:"left"` // how many calls it still meets
	Met       int       `json:"-"`    // how often it has struck
	Factor    int       `json:"factor,omitempty"`
}

// Faults lists what can be injected.
func Faults() []FaultHelp {
	return []FaultHelp{
		{"promotion", "refused[:N] | fails", "RDS refuses the first N promotions (1), or one breaks off after minutes"},
		{"lag", "12m | hidden:12m | growing | unmeasured", "the replica is that far behind, or is and the metric says 0, falls behind for good, or has no metric"},
		{"replication", "broken | purged", "the replica's applier stopped on an error while production lives, or its source no longer has the binary log that comes next"},
		{"storage", "low", "replicas have grown to their ceiling, and little of their storage is free"},
		{"database", "STATE[:time]", "RDS holds replicas in that state, such as storage-full, or for that long, such as backing-up:6m"},
		{"freeze", "ignored", "databases take writes although their parameter groups set read_only, as from a user whom that does not bind"},
		{"image", "missing | old | arm64 | uefi | uncopied", "no machine image can be found, all are a year older, for another processor, or boot by UEFI alone, or copies of them fail"},
		{"capacity", "zone or region[:instance type]", "EC2 has no room for more instances there, such as us-east-2a:t3.medium"},
		{"offer", "zone or region:instance type or class", "EC2, or RDS, does not have it there at all, such as us-east-2a:t3.medium or us-east-2:db.m6g.large"},
		{"zone", "elsewhere", "the site's zone is not the one that its domain is delegated to"},
		{"launches", "quota | key", "no instance can be launched: the account's vCPU quota is used up, or the key of its volume cannot be used"},
		{"quota", "region:name:N", "the account may have N there: " + strings.Join(quotaNames(), ", ") + "; such as us-east-2:addresses:0"},
		{"load", "high", "visitors keep the instances busy: scaling policies raise each group to its maximum"},
		{"instances", "late", "one instance of each group comes into service twenty minutes after the others"},
		{"slow", "service:Operation:N", "the operation takes N times as long, such as rds:PromoteReadReplica:3"},
		{"stuck", "service:Operation", "the provider's wait for the operation does not return until the faults are healed, such as rds:CreateDBInstance"},
		{"throttle", "service:Operation[:N]", "the first N calls (3) are throttled, such as rds:PromoteReadReplica"},
		{"hang", "service:Operation[:N]", "AWS takes the first N calls (1) of those who watch and check, and never answers them: a caller waits as long as it means to, such as rds:DescribeDBInstances"},
		{"answer", "service:Operation[:N]", "AWS makes what the first N calls (1) ask for, and the connection breaks before it says so: the provider asks again, such as ssm:PutParameter"},
		{"fails", "service:Operation[:N]", "AWS accepts the first N calls (1), and fails minutes later to make what they ask for, such as elasticache:CreateReplicationGroup"},
		{"error", "service:Operation:Code[:N]", "the first N calls (1) fail with this code, such as elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity"},
	}
}

// ParseFault reads "name=value".
func ParseFault(text string) (Fault, error) {
	name, value, _ := strings.Cut(text, "=")
	f := Fault{Name: name, Value: value}
	if _, err := f.arm(); err != nil {
		return Fault{}, err
	}
	return f, nil
}

// Inject lets a fault loose. It must have come from ParseFault.
func (w *World) Inject(f Fault) error {
	a, err := f.arm()
	if err != nil {
		return err
	}
	a.Since = w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.freezeReplicaRows()
	w.launchAll()
	w.state.Faults = append(w.state.Faults, a)
	w.slowDown()
	for _, o := range w.where(func(o *Object) bool { return o.Type == scalingType }) {
		w.resize(o)
	}
	return nil
}

// Unmet are the faults that have not struck yet.
func (w *World) Unmet() (faults []Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slow := *w.slow.Load()
	for _, a := range w.state.Faults {
		if a.Met == 0 && (a.Factor == 0 || !slow[a.Operation].met.Load()) {
			faults = append(faults, a.Fault)
		}
	}
	return faults
}

// slowness is by what an operation is slowed down, and whether it was.
type slowness struct {
	factor int
	met    *atomic.Bool
}

// slowDown lets durations know of the operations that take longer than usual.
func (w *World) slowDown() {
	slow := map[string]slowness{}
	for _, a := range w.state.Faults {
		if a.Factor > 0 {
			slow[a.Operation] = slowness{a.Factor, &atomic.Bool{}}
		}
	}
	for operation, before := range *w.slow.Load() {
		if again, ok := slow[operation]; ok {
			again.met.Store(before.met.Load())
		}
	}
	w.slow.Store(&slow)
}

// Heal takes all faults back. What they did meanwhile stays.
func (w *World) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.freezeReplicaRows()
	w.launchAll()
	w.state.Faults = nil
	w.slowDown()
	close(w.healed)
	w.healed = make(chan struct{})
}

// Injected are the faults that may still strike, in the order of their injection.
func (w *World) Injected() []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	faults := []Fault{}
	for _, a := range w.state.Faults {
		if spent := a.Left == 0 && (a.Code != "" || slices.Contains([]string{"promotion", "hang", "answer", "fails"}, a.Name)); !spent {
			faults = append(faults, a.Fault)
		}
	}
	return faults
}

func (f Fault) arm() (*armed, error) {
	head, rest, _ := strings.Cut(f.Value, ":")
	switch {
	case f.Name == "promotion" && head == "refused":
		return f.counted("rds:PromoteReadReplica", "InvalidDBInstanceState", rest, 1)
	case f.Name == "promotion" && f.Value == "fails":
		return &armed{Fault: f, Left: 1}, nil
	case f.Name == "lag" && (f.Value == "growing" || f.Value == "unmeasured"),
		f.Name == "replication" && (f.Value == "broken" || f.Value == "purged"),
		f.Name == "database" && stateForm.MatchString(head) && (rest == "" || isDuration(rest)),
		f.Name == "freeze" && f.Value == "ignored",
		f.Name == "instances" && f.Value == "late",
		f.Name == "load" && f.Value == "high",
		f.Name == "storage" && f.Value == "low",
		f.Name == "launches" && (f.Value == "quota" || f.Value == "key"),
		f.Name == "capacity" && placed.MatchString(f.Value) && !strings.HasPrefix(rest, "db."),
		f.Name == "zone" && f.Value == "elsewhere",
		f.Name == "offer" && placed.MatchString(f.Value) && rest != "",
		f.Name == "image" && slices.Contains([]string{"missing", "old", "arm64", "uefi", "uncopied"}, f.Value):
		return &armed{Fault: f}, nil
	case f.Name == "quota":
		if _, _, _, ok := quotaForm(f.Value); ok {
			return &armed{Fault: f}, nil
		}
	case f.Name == "lag":
		if d, err := time.ParseDuration(strings.TrimPrefix(f.Value, hidden)); err == nil && d >= 0 {
			return &armed{Fault: f}, nil
		}
	case f.Name == "slow", f.Name == "stuck", f.Name == "throttle", f.Name == "hang", f.Name == "answer", f.Name == "fails", f.Name == "error":
		return f.armCall()
	}
	return nil, f.unknown()
}

// stateForm is a state as RDS words it.
var stateForm = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// armCall reads a fault of single calls. Nothing would strike where no such call is made.
func (f Fault) armCall() (*armed, error) {
	p := append(strings.Split(f.Value, ":"), "", "", "")
	service, operation := p[0], p[1]
	a, code, err := &armed{Fault: f, Operation: service + ":" + operation}, "", error(nil)
	switch parts := strings.Count(f.Value, ":") + 1; {
	case f.Name == "slow" && parts == 3:
		if a.Factor, err = strconv.Atoi(p[2]); err != nil || a.Factor < 2 {
			return nil, f.unknown()
		}
	case f.Name == "stuck" && parts == 2:
	case f.Name == "throttle" && parts <= 3:
		a, err = f.counted(a.Operation, throttling(service), p[2], 3)
	case slices.Contains([]string{"hang", "answer", "fails"}, f.Name) && parts <= 3:
		a, err = f.counted(a.Operation, "", p[2], 1)
	case f.Name == "error" && (parts == 3 || parts == 4) && p[2] != "":
		code = p[2]
		a, err = f.counted(a.Operation, code, p[3], 1)
	default:
		err = f.unknown()
	}
	if err != nil || service == "" || operation == "" {
		return nil, f.unknown()
	}
	if f.Name == "slow" && (a.Operation == estimate.Instances || a.Operation == estimate.Parameter) { // no calls, and waited for all the same
		return a, nil
	}
	err = knownCall(service, operation, code)
	if err == nil && f.Name == "fails" {
		err = failable(a.Operation)
	}
	if err != nil {
		return nil, fmt.Errorf("there is no fault %s=%s: %w", f.Name, f.Value, err)
	}
	return a, nil
}

// placed is an availability zone, or a region, and perhaps an instance type, or a class of RDS.
var placed = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d[a-z]?(:(db\.)?[a-z0-9]+\.[a-z0-9]+)?$`)

func (f Fault) counted(operation, code, count string, usual int) (*armed, error) {
	n := usual
	if count != "" {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 {
			return nil, f.unknown()
		}
	}
	return &armed{Fault: f, Operation: operation, Code: code, Left: n}, nil
}

func (f Fault) unknown() error {
	var known []string
	for _, h := range Faults() {
		known = append(known, h.Name+"="+h.Values)
	}
	return fmt.Errorf("there is no fault %q: use one of %s", f.Name+"="+f.Value, strings.Join(known, "; "))
}

// throttling is the code by which a service says that it is asked too often.
func throttling(service string) string {
	switch service {
	case "ec2":
		return "RequestLimitExceeded"
	case "kms":
		return "ThrottlingException"
	case "servicequotas":
		return "TooManyRequestsException"
	case "s3":
		return "SlowDown"
	}
	return "Throttling"
}

// fault finds an injected fault by name and value, which strikes; nil if there is none.
func (w *World) fault(name string, fits func(value string) bool) *armed {
	for _, a := range w.state.Faults {
		if a.Name == name && fits(a.Value) {
			a.Met++
			return a
		}
	}
	return nil
}

func is(want string) func(string) bool { return func(v string) bool { return v == want } }

// strike uses up one of the faults that an operation meets.
func (w *World) strike(operation string) *Error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.state.Faults {
		if a.Operation != operation || a.Left == 0 || a.Code == "" {
			continue
		}
		a.Left--
		a.Met++
		switch a.Name {
		case "throttle":
			e := refuse(a.Code, "Rate exceeded")
			if a.Code == "SlowDown" {
				e.Status, e.Message = 503, "Please reduce your request rate."
			}
			return e
		case "promotion":
			return refuse(a.Code, "DB instance is not in a state in which it can be promoted.")
		}
		return injected(a.Code)
	}
	return nil
}

// losesAnswer reports whether the caller of an operation does not hear that it was done.
func (w *World) losesAnswer(operation string) bool { return w.meets("answer", operation) }

// meets uses up one of the faults of a name that an operation meets.
func (w *World) meets(name, operation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.state.Faults {
		if a.Name == name && a.Operation == operation && a.Left > 0 {
			a.Left--
			a.Met++
			return true
		}
	}
	return false
}

// injected is an error that somebody asked for: AWS's 5xx codes keep their
// status, so that the SDK retries them as in life.
func injected(code string) *Error {
	e := refuse(code, "Injected fault: %s.", code)
	switch code {
	case "InternalFailure", "InternalError", "InternalServerError":
		e.Status = 500
	case "ServiceUnavailable":
		e.Status = 503
	}
	return e
}
