package config

import (
	"time"

	"github.com/pilotlight-dr/pilotlight/roles"
)

// defaults are what a stack file need not say.
func defaults() Config {
	return Config{
		Role:     roles.Standby,
		Network:  Network{NAT: "one", Egress: []int{80, 443, 465, 587}},
		Database: Database{Class: "db.t4g.medium", EngineVersion: "8.4", StorageGiB: 50, MultiAZDelay: Duration(10 * time.Minute), BackupDays: 7},
		App:      App{InstanceType: "t3.medium", Min: 2, Max: 6, DiskGiB: 20, CertificateWait: Duration(30 * time.Minute)},
		Images:   Images{CopyMinutes: 120},
		Cache:    Cache{NodeType: "cache.t4g.small", Nodes: 2, EngineVersion: "7.1"},
		Media:    Media{StorageClass: "STANDARD_IA"},
		DNS:      DNS{Mode: "record"},
		LogDays:  30,
		Failover: FailoverLimits{
			MaxLag:      Duration(5 * time.Minute),
			LagWindow:   Duration(2 * time.Hour),
			MaxImageAge: Duration(7 * 24 * time.Hour),
			Probe:       true,
			Promote:     Duration(45 * time.Minute),
			Healthy:     Duration(20 * time.Minute),
			DNS:         Duration(15 * time.Minute),
		},
	}
}
