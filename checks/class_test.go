package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClass(t *testing.T) {
	t.Parallel()
	p := Policy{EngineVersion: "8.4", Zones: []string{"us-east-2a", "us-east-2b"}}
	both := []string{"us-east-2a", "us-east-2b", "us-east-2c"}
	offered := func(options ...ClassOption) *DatabaseClass {
		return &DatabaseClass{Name: "db.m6g.large", Options: options}
	}
	for name, tc := range map[string]struct {
		class     *DatabaseClass
		has       string // class of the database that is there; empty for none
		multiAZ   bool
		code      string
		says, fit string
	}{
		"offered":              {offered(ClassOption{"8.4.5", both, true}), "db.t4g.medium", true, "", "", "RDS offers db.m6g.large with MySQL 8.4 in us-east-2a and us-east-2b"},
		"not asked":            {nil, "db.t4g.medium", true, "", "", ""},
		"another version":      {offered(ClassOption{"8.0.42", both, true}), "db.t4g.medium", false, ClassNotOffered, "RDS does not offer db.m6g.large with MySQL 8.4 in us-east-2a or us-east-2b", ""},
		"another zone":         {offered(ClassOption{"8.4.5", []string{"us-east-2c"}, true}), "", false, ClassNotOffered, "RDS does not offer", ""},
		"nowhere, and needed":  {offered(), "", false, ClassNotOffered, "RDS does not offer", ""},
		"nowhere, and there":   {offered(), "db.m6g.large", false, "", "", "is of class db.m6g.large already, which RDS offers no more"},
		"there, with one zone": {offered(ClassOption{"8.4.5", both[:1], true}), "db.m6g.large", true, ClassMultiAZ, "in two of us-east-2a and us-east-2b", ""},
		"in one zone alone":    {offered(ClassOption{"8.4.5", both[:1], true}), "db.t4g.medium", false, "", "", "in us-east-2a"},
		"without second zones": {offered(ClassOption{"8.4.5", both, false}), "db.m6g.large", true, ClassMultiAZ, "database.multiAz wants a second zone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := Snapshot{Class: tc.class}, p
			if p.MultiAZ = tc.multiAZ; tc.has != "" {
				s.Replica = &Replica{ID: "blog-dr-1", Class: tc.has}
			}
			blockers, seen := class(s, p), seenOfClass(s, p) // both are asked, whatever comes of it
			if tc.code == "" {
				assert.Empty(t, blockers)
				assert.Contains(t, seen, tc.fit)
				return
			}
			assert.Len(t, blockers, 1)
			assert.Equal(t, tc.code, blockers[0].Code)
			assert.Contains(t, blockers[0].Reason, tc.says)
		})
	}
}
