package ops

// Codes of requirements that no rule of package checks judges: what this machine lacks, and what can't be seen.
const (
	EngineMissing       = "engine-missing"       // no Pulumi of the version that the program needs
	PluginMissing       = "plugin-missing"       // Pulumi's provider for AWS is not installed
	CredentialsUnusable = "credentials-unusable" // AWS in the stack's region does not take them, or they are of another account
	FolderUnwritable    = "folder-unwritable"    // the project's folder
	LockUnseen          = "lock-unseen"          // whether another update holds the stack
	RecordUnseen        = "record-unseen"        // whether the state is of what AWS holds
	SourceUnseen        = "source-unseen"        // whether both databases are alike
	ServiceRolesUnseen  = "service-roles-unseen" // whether the account has the roles of AWS's own that a failover needs
	PlanRisky           = "plan-risky"           // the update would delete or replace what holds data
	PlanRefused         = "plan-refused"         // the update would be refused, or it can't be planned
	NetworkUndeployed   = "network-undeployed"   // a failover would change the network of the standby
)
