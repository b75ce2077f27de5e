package refusal

// Codes are the kinds of failure, stable, for machines. Packages backend and media have more.
const (
	CodeClaims     = "claims"         // what both stacks claim does not allow it
	CodeDiverged   = "state-diverged" // the state and AWS do not belong together
	CodeMismatch   = "mismatch"       // the two sides, or the credentials, do not fit
	CodeSilent     = "aws-silent"     // AWS in the stack's region does not answer
	CodeUnfinished = "unfinished"     // the other side's deployment has to be finished first

	CodeChecks      = "checks"        // the checks before a change of role found blockers
	CodeConfig      = "configuration" // a file holds what can't be meant, or can't be read
	CodeNoProject   = "no-project"    // the folder holds no project
	CodeNoStack     = "no-stack"      // the site has no such stack, or the backend does not know it
	CodeNoBackend   = "no-backend"    // this machine is not logged in to where the state lies
	CodeState       = "state"         // a stack's state is damaged, or AWS holds nothing to make one of
	CodeKeys        = "keys"          // the passphrase or the KMS key of a state does not decrypt its secrets
	CodeLocked      = "locked"        // another update holds the stack, or a dead one left its lock
	CodeNotReady    = "not-ready"     // what a purpose needs is not there
	CodeDrill       = "drill"         // no drill can be held now
	CodeStopped     = "stopped"       // part of it was done: the same call resumes
	CodeInterrupted = "interrupted"   // its context ended
	CodeFailed      = "failed"        // anything else
)
