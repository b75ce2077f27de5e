package media

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestJudge(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ours := Object{Key: "k", Size: 10, ETag: `"a"`, Modified: noon}
	for name, c := range map[string]struct {
		other *Object
		want  Verdict
	}{
		"nothing there":               {nil, Lacks},
		"a replica":                   {&Object{Size: 10, ETag: `"a"`, Modified: noon}, Same},
		"a copy":                      {&Object{Size: 10, ETag: `"a"`, Modified: noon.Add(time.Hour)}, Same},
		"older, of the same content":  {&Object{Size: 10, ETag: `"a"`, Modified: noon.Add(-time.Hour)}, Same},
		"older":                       {&Object{Size: 9, ETag: `"b"`, Modified: noon.Add(-time.Second)}, Stale},
		"older, of the same size":     {&Object{Size: 10, ETag: `"b"`, Modified: noon.Add(-time.Second)}, Stale},
		"as old, of another size":     {&Object{Size: 9, ETag: `"b"`, Modified: noon}, Newer},
		"newer, of the same size":     {&Object{Size: 10, ETag: `"b"`, Modified: noon.Add(time.Second)}, Newer},
		"a copy made of parts":        {&Object{Size: 10, ETag: `"b-2"`, Modified: noon.Add(time.Second)}, Same},
		"older, made of parts":        {&Object{Size: 10, ETag: `"b-2"`, Modified: noon.Add(-time.Second)}, Stale},
		"newer, of parts and larger":  {&Object{Size: 11, ETag: `"b-2"`, Modified: noon.Add(time.Second)}, Newer},
		"older, of parts and smaller": {&Object{Size: 9, ETag: `"b-2"`, Modified: noon.Add(-time.Second)}, Stale},
	} {
		assert.Equal(t, c.want, Judge(Pair{Object: ours, Other: c.other}), name)
	}
}

func TestPartSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{largest + 1, 100 << 30, 48 << 40} { // S3's largest object
		part := partSize(size)
		assert.GreaterOrEqual(t, part, int64(5<<20))
		assert.LessOrEqual(t, part, int64(largest))
		assert.LessOrEqual(t, (size+part-1)/part, int64(10_000))
	}
}
