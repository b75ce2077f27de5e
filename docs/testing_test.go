package docs_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Example|Fuzz)\w*)\(`)
	testName     = regexp.MustCompile("`(Test[A-Z]\\w*)`")
	// testsOfRooms are the tests of a room, or of one of several, as the pages name them.
	testsOfRooms = regexp.MustCompile("((?:`[a-z][a-z/]*`, )*`[a-z][a-z/]*`): (`Test\\w+`(?:, `Test\\w+`)*)")
)

// TestNamedTests holds that each test which a page names is there, in the room that it names.
func TestNamedTests(t *testing.T) {
	t.Parallel()
	inRoom, all := map[string][]string{}, []string{}
	for name, text := range projectFiles(t, ".go") {
		for _, found := range testFunction.FindAllStringSubmatch(string(text), -1) {
			inRoom[path.Dir(name)] = append(inRoom[path.Dir(name)], found[1])
			all = append(all, found[1])
		}
	}
	for _, page := range []string{"testing.md", "../CONTRIBUTING.md", "architecture.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for i, line := range strings.Split(string(text), "\n") {
			for _, found := range testName.FindAllStringSubmatch(line, -1) {
				assert.True(t, slices.Contains(all, found[1]), "%s:%d: there is no %s", page, i+1, found[1])
			}
			for _, found := range testsOfRooms.FindAllStringSubmatch(line, -1) {
				rooms := strings.Split(strings.ReplaceAll(found[1], "`", ""), ", ")
				for _, name := range testName.FindAllStringSubmatch(found[2], -1) {
					there := slices.ContainsFunc(rooms, func(room string) bool { return slices.Contains(inRoom[room], name[1]) })
					assert.True(t, there, "%s:%d: %s is not in %s", page, i+1, name[1], found[1])
				}
			}
		}
	}
}

// TestRoomsAreTested holds that each room with tests has a row of what it holds.
func TestRoomsAreTested(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testing.md")
	require.NoError(t, err)
	rooms := map[string]bool{}
	for name := range projectFiles(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			rooms[path.Dir(name)] = true
		}
	}
	for room := range rooms {
		if strings.Contains(string(text), "`"+room+"`") {
			delete(rooms, room)
		}
	}
	assert.Empty(t, rooms, "no row of testing.md says what the tests of these hold")
}
