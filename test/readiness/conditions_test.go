package readiness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/sim"
)

// condition is something that may be so on a day.
type condition struct {
	name string
	// finding is its number in the list of what a real site met (B5r: types that no zone has); empty for none.
	finding string
	// codes are those by which check may say it; none is what a failover survives.
	codes []string
	// of is what in AWS it changes: two conditions of the same never come together. Empty for what no other changes.
	of string
	// here are those of this machine: files, states and locks.
	here bool
	// backend is what is wrong with it; empty for nothing.
	backend string
	// silences is for what comes last: nobody can change anything on AWS after it.
	silences bool
	fits     func(config.Config) bool // nil fits every configuration of the standby
	spoil    func(*world) error       // before the check
	later    func(*world)             // after it, while production still lives
}

// faults are spoilt by faults of the simulator.
func faults(all ...string) func(*world) error {
	return func(w *world) error {
		for _, text := range all {
			fault, err := sim.ParseFault(text)
			if err != nil {
				return err
			}
			if err := w.sim.Inject(fault); err != nil {
				return err
			}
		}
		return nil
	}
}

// object changes what a region has of a type.
func object(typ string, own bool, change func(*sim.Object) bool) func(*world) error {
	return func(w *world) error {
		region, met := w.peer().Config.Region, 0
		if own {
			region = w.own().Config.Region
		}
		w.sim.ByHand(func(o *sim.Object) bool {
			if o.Type != typ || o.Region != region {
				return true
			}
			met++
			return change(o)
		})
		if met == 0 {
			return fmt.Errorf("%s has no %s", region, typ)
		}
		return nil
	}
}

// set changes a property.
func set(typ string, own bool, prop string, value any) func(*world) error {
	return object(typ, own, func(o *sim.Object) bool {
		o.Props[prop] = value
		return true
	})
}

func gone(*sim.Object) bool { return false }

const (
	databaseType  = "aws:rds/instance:Instance"
	groupType     = "aws:rds/parameterGroup:ParameterGroup"
	parameterType = "aws:ssm/parameter:Parameter"
	recordType    = "aws:route53/record:Record"
	bucketType    = "aws:s3/bucketV2:BucketV2"
)

// night lets faults loose that no check could foresee, and that a failover survives.
func night(all ...string) func(*world) {
	return func(w *world) {
		for _, text := range all {
			if err := faults(strings.ReplaceAll(text, "ZONE", w.own().Config.Network.Zones[0]))(w); err != nil {
				panic(err)
			}
		}
	}
}

// conditions are the days that worlds are made of.
var conditions = slices.Concat(
	instanceConditions, nameConditions, databaseConditions, stateConditions(), siteConditions, deletedConditions(), roomConditions, nightConditions,
)

var nightConditions = []condition{
	{name: "no room in one zone", finding: "B6r", later: night("capacity=ZONE")},
	{name: "promotion refused at first", later: night("promotion=refused")},
	{name: "throttled", later: night("throttle=rds:PromoteReadReplica:3", "throttle=ec2:CreateNatGateway:3", "throttle=elasticloadbalancing:DescribeTargetHealth:3")},
	{name: "Redis without room", fits: func(c config.Config) bool { return !c.Failover.RequireCache }, later: night("error=elasticache:CreateReplicationGroup:InsufficientCacheClusterCapacity")},
	{name: "busy visitors", later: night("load=high")},
}
