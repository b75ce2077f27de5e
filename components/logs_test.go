package components

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const logsPage = "/usr/share/pilotlight/logs.php"

// send sends an instance's logs, and answers what AWS was sent: lines, in order.
func (i *instance) send(more ...string) (lines []string, err error) {
	i.t.Helper()
	_ = os.Remove(filepath.Join(i.cloud, "sent"))
	cmd := i.php(logsPage, append([]string{"CLOUD=" + i.cloud, "CALLS=" + i.calls, "AWS_METADATA_SERVICE_NUM_ATTEMPTS=3", "AWS_METADATA_SERVICE_TIMEOUT=3"}, i.env[0])...)
	cmd.Args = append(append(cmd.Args, "us-west-2", "/pilotlight/blog/dr"), more...)
	err = cmd.Run()
	sent, readErr := os.ReadFile(filepath.Join(i.cloud, "sent"))
	if readErr != nil {
		return nil, err
	}
	var batch struct {
		LogGroupName, LogStreamName string
		LogEvents                   []struct {
			Timestamp int64
			Message   string
		}
	}
	require.NoError(i.t, json.Unmarshal(sent, &batch))
	assert.Equal(i.t, "/pilotlight/blog/dr i-0123", batch.LogGroupName+" "+batch.LogStreamName)
	for _, event := range batch.LogEvents {
		assert.Positive(i.t, event.Timestamp)
		lines = append(lines, event.Message)
	}
	return lines, err
}

// logging is an instance whose web server has something to say.
func logging(t *testing.T) *instance {
	t.Helper()
	i := running(t)
	i.put(i.path("/var/lib/cloud/data/instance-id"), "i-0123\n")
	i.put(i.path("/var/log/cloud-init-output.log"), "pilotlight: installing\n\n")
	i.put(i.path("/var/log/httpd/error_log"), "first\n")
	i.put(i.path("/var/log/php-fpm/www-error.log"), "PHP Fatal error \xff\n")
	return i
}

// TestLogsAreSentOnce holds that each line is sent, and sent once, whatever becomes of the
// file, and that what can't be sent now is sent later.
func TestLogsAreSentOnce(t *testing.T) {
	t.Parallel()
	i := logging(t)
	lines, err := i.send()
	require.NoError(t, err)
	assert.Equal(t, []string{"cloud-init-output.log: pilotlight: installing", "httpd/error_log: first", "php-fpm/www-error.log: PHP Fatal error \ufffd"}, lines)
	lines, err = i.send()
	require.NoError(t, err)
	assert.Empty(t, lines, "nothing is new")

	i.put(i.path("/var/log/httpd/error_log"), "first\nsecond\n")
	i.put(i.commands+"/aws", "#!/bin/sh\nexit 1\n")
	lines, err = i.send()
	require.Error(t, err, "AWS does not answer")
	assert.Empty(t, lines)
	i.put(i.commands+"/aws", "#!/bin/sh\n"+commands["aws"]+"\n")
	lines, err = i.send()
	require.NoError(t, err)
	assert.Equal(t, []string{"httpd/error_log: second"}, lines)

	i.put(i.path("/var/log/httpd/error_log"), "new\n")
	lines, err = i.send()
	require.NoError(t, err)
	assert.Equal(t, []string{"httpd/error_log: new"}, lines, "it was rotated")
}

// TestLogsTellNoSecrets fills the folder that is apache's own with what its user can make there. Root reads it, and shows it to the operator.
func TestLogsTellNoSecrets(t *testing.T) {
	t.Parallel()
	i := logging(t)
	_, err := i.send()
	require.NoError(t, err)
	const folder = "/var/log/php-fpm/"
	i.put(i.path("/run/secret"), "the password\n")
	require.NoError(t, os.Symlink(i.path("/run/secret"), i.path(folder+"link.log")))
	require.NoError(t, os.Link(i.path("/run/secret"), i.path(folder+"hard.log")))
	require.NoError(t, os.Symlink(i.path("/run"), i.path(folder+"folder.log")))
	require.NoError(t, os.Mkdir(i.path(folder+"empty.log"), 0o755))
	require.NoError(t, syscall.Mkfifo(i.path(folder+"pipe.log"), 0o600))
	i.put(i.path(folder+"refused to serve: run\nthis .log"), "as root\n")
	i.put(i.path(folder+"cloud-init-output.log"), "pilotlight: installing\n")
	i.put(i.path(folder+"own-error.log"), "refused to serve: run this\n")

	lines, err := i.send()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{
		"php-fpm/cloud-init-output.log: pilotlight: installing", "php-fpm/own-error.log: refused to serve: run this", "php-fpm/refusedtoserverunthis.log: as root",
	}, lines)
}

// TestLogsStartTheCLIOnce holds that the AWS CLI, which costs a small instance a second of
// its processor, is started once for new lines, and not at all without them.
func TestLogsStartTheCLIOnce(t *testing.T) {
	t.Parallel()
	i := logging(t)
	i.put(i.commands+"/aws", "#!/bin/sh\necho x >>\"$CLOUD/starts\"\n"+commands["aws"]+"\n")
	starts := func(more ...string) int {
		_ = os.Remove(filepath.Join(i.cloud, "starts"))
		_, _ = i.send(more...)
		text, _ := os.ReadFile(filepath.Join(i.cloud, "starts"))
		return strings.Count(string(text), "x")
	}
	assert.Equal(t, 2, starts(), "the stream is made first")
	assert.Equal(t, 0, starts(), "nothing is new")
	assert.Equal(t, 1, starts("more"))

	i.silence("stream")
	assert.Equal(t, 1, starts("more"), "the stream is gone, which is seen")
	assert.Equal(t, 2, starts("more"))
	assert.Equal(t, 1, starts("more"))
}

// TestLogsAreSentInBatchesThatFit holds AWS's limits: 1 MB, 10000 events, 256 KB an event.
func TestLogsAreSentInBatchesThatFit(t *testing.T) {
	t.Parallel()
	i := logging(t)
	i.put(i.path("/var/log/httpd/error_log"), strings.Repeat("x\n", 15000)+strings.Repeat("y", 300000)+"\n")
	total := 0
	for range 10 {
		lines, err := i.send()
		require.NoError(t, err)
		size := 0
		for _, line := range lines {
			assert.Less(t, len(line), 256*1024)
			size += len(line) + 26
			total += strings.Count(line, "x") + strings.Count(line, "y")
		}
		assert.Less(t, size, 1<<20)
		assert.LessOrEqual(t, len(lines), 10000)
	}
	assert.Equal(t, 315000, total)
}

// TestRefusingInstanceSaysWhyInTheLogs holds that it is sent before the script ends.
func TestRefusingInstanceSaysWhyInTheLogs(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.answer("no-mysqli", "")
	i.run(i.script)
	require.Error(t, i.err)
	assert.Contains(t, i.log, "php "+i.path(logsPage)+" us-west-2 /pilotlight/blog/dr refused to serve: php has no mysqli: use an image that has php-mysqlnd\n")

	i = logging(t)
	lines, err := i.send("refused to serve: no s3fs")
	require.NoError(t, err)
	assert.Equal(t, "refused to serve: no s3fs", lines[0])
}

func TestLogsAreKeptForAWhile(t *testing.T) {
	c := deploy(t, "cn-north-1", func(ctx *pulumi.Context) error {
		if _, err := NewLogs(ctx, "blog-dr", LogsArgs{Group: LogGroup("/blog/dr"), Days: 14}); err != nil {
			return err
		}
		args := aDatabase()
		args.Primary, args.LogDays = aPrimary(), 14
		_, err := NewDatabase(ctx, args.Identifier, args)
		return err
	})
	kept := map[string]any{}
	for _, group := range c.of("cloudwatch/logGroup:LogGroup") {
		kept[group.Inputs["name"].(string)] = group.Inputs["retentionInDays"]
	}
	id := aDatabase().Identifier
	assert.Equal(t, map[string]any{"/pilotlight/blog/dr": 14.0, "/aws/rds/instance/" + id + "/error": 14.0, "/aws/rds/instance/" + id + "/slowquery": 14.0}, kept)
	assert.True(t, c.one(t, "rds/instance:Instance").needs("cloudwatch/logGroup:LogGroup", id+"-error"), "RDS would make it, and keep all")
}
