package stacks

// What a stack exports. None of it is secret.
const (
	OutputRole       = "role"        // active, frozen or standby
	OutputEpoch      = "epoch"       // of the site, as this stack knows it
	OutputGeneration = "generation"  // of this stack's database
	OutputURL        = "url"         // of the site, under its own name
	OutputBalancer   = "balancer"    // DNS name to point the site's name to; empty without a balancer
	OutputDatabase   = "database"    // identifier of the RDS instance
	OutputBornFrom   = "bornFrom"    // ARN of the database it was copied from once; empty for a primary
	OutputMedia      = "mediaBucket" // name of the bucket
	OutputAccepted   = "accepted"    // risks that were accepted for this epoch
	OutputRegion     = "region"
)
