package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(strings.NewReader(`{"ImportPath":"example.com/c","Action":"build-output","Output":"c.go:1: bad\n"}
{"Action":"run","Package":"example.com/a","Test":"TestOne"}
{"Action":"output","Package":"example.com/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"output","Package":"example.com/a","Test":"TestOne","Output":"    a_test.go:3: wrong\n"}
{"Action":"output","Package":"example.com/a","Test":"TestOne/sub","Output":"quiet\n"}
{"Action":"pass","Package":"example.com/a","Test":"TestOne/sub","Elapsed":1.5}
{"Action":"output","Package":"example.com/a","Test":"TestOne","Output":"--- FAIL: TestOne (2.00s)\n"}
{"Action":"fail","Package":"example.com/a","Test":"TestOne","Elapsed":2}
{"Action":"pass","Package":"example.com/a","Test":"TestTwo","Elapsed":3}
{"Action":"output","Package":"example.com/a","Test":"TestLacking","Output":"    a_test.go:9: there is no /dev/fuse\n"}
{"Action":"skip","Package":"example.com/a","Test":"TestLacking","Elapsed":0}
{"Action":"output","Package":"example.com/a","Test":"TestDead","Output":"panic: dead\n"}
{"Action":"output","Package":"example.com/a","Output":"PASS\n"}
{"Action":"output","Package":"example.com/a","Output":"FAIL\texample.com/a\t5s\n"}
{"Action":"fail","Package":"example.com/a","Elapsed":5}
go: something else
`), &out))
	assert.Equal(t, `c.go:1: bad
    a_test.go:3: wrong
--- FAIL: TestOne (2.00s)
    a_test.go:9: there is no /dev/fuse
FAIL	example.com/a	5s
go: something else
panic: dead

the slowest tests, in seconds:
    3.0  example.com/a TestTwo
    1.5  example.com/a TestOne/sub
    0.0  example.com/a TestLacking
`, out.String())
}
