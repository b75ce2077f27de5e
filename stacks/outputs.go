package stacks

// What a stack exports. None of it is secret. The comments are in the
// configuration reference, too.
const (
	OutputRole       = "role"           // `active`, `frozen` or `standby`, as it was saved
	OutputEpoch      = "epoch"          // activations of the site so far, as this stack knows it
	OutputGeneration = "generation"     // how many databases this stack has had
	OutputURL        = "url"            // of the site, under its own name
	OutputBalancer   = "balancer"       // DNS name of the balancer, which the site's name points to; absent without one
	OutputDatabase   = "database"       // identifier of the RDS instance
	OutputSource     = "databaseSource" // ARN of the database that it was copied from once; empty for a primary
	OutputMedia      = "mediaBucket"    // name of the bucket
	OutputAccepted   = "accepted"       // risks that were accepted for this epoch
	OutputRegion     = "region"         // of the stack
)
