package site

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/sim"
)

// TestForkedCLI holds the CLI that is forked to the CLI itself.
func TestForkedCLI(t *testing.T) {
	needed(t)
	t.Parallel()
	c := newCloud(t, sim.New(1))
	i := c.launch(home, c.image(""), "")
	for name, script := range map[string]string{
		"version":                         "AWS --version",
		"wrong usage":                     "AWS ssm || echo $?",
		"standard input":                  `printf 'a\nb\nus-west-2\njson\n' | AWS configure; cat ~/.aws/*; rm -r ~/.aws`,
		"environment":                     "AWS_DEFAULT_REGION=eu-west-3 AWS configure list | grep eu-west-3",
		"folder of an instance":           `mkdir -p /tmp/a; cd /tmp/a; echo '{"Names": 7}' >call.json; AWS ssm get-parameters --region us-west-2 --cli-input-json file://call.json || echo $?`,
		"user, and rights":                `umask 0027; mkdir -m 777 /tmp/b; runuser -u apache -- env HOME=/tmp/b AWS configure set region x; stat -c '%U %G %a' /tmp/b/.aws; rm -r /tmp/b`,
		"network, and a caller that ends": "AWS_MAX_ATTEMPTS=1 timeout 2 AWS ssm get-parameters --region us-west-2 --endpoint-url http://203.0.113.1 --names a --no-sign-request || echo $?",
	} {
		t.Run(name, func(t *testing.T) {
			forked, err := i.run(strings.ReplaceAll(script, "AWS ", "aws "))
			require.NoError(t, err)
			alone, err := i.run(strings.ReplaceAll(script, "AWS ", awsAlone+" "))
			require.NoError(t, err)
			assert.Equal(t, alone, forked)
		})
	}
}

// The AWS CLI reads a thousand modules of Python at each start. That was more than half of what these
// tests took of the processor. So one process of it has read them, and is forked for each call, which
// runs there as it would in a process of its own: in the instance's namespaces, as the caller's user, with
// its files, environment, folder and end.

// awsSocket is where that process is asked. Instances have it at /run/aws.
const awsSocket = work + "/aws"

// awsOnce starts the process, which ends with the namespaces.
var awsOnce = sync.OnceValue(func() error {
	script := filepath.Join(work, "aws.py")
	if err := os.WriteFile(script, []byte(awsServer), 0o600); err != nil {
		return err
	}
	cmd := exec.Command("/usr/bin/python3", script, awsSocket)
	cmd.Stderr, cmd.Env = os.Stderr, []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	ready, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = bufio.NewReader(ready).ReadString('\n')
	}
	if err != nil {
		return fmt.Errorf("starting the AWS CLI: %w", err)
	}
	return nil
})

// awsClient is aws of an instance, and awsAlone the CLI itself, for an image in the making.
const (
	awsAlone  = "/usr/local/lib/aws"
	awsClient = `#!/usr/bin/python3 -IS
import marshal, os, socket, sys

connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect("/run/aws")
except OSError:
    os.execv("` + awsAlone + `", sys.argv)
umask = os.umask(0)
call = marshal.dumps((sys.argv, dict(os.environ), os.getcwd(), umask))
socket.send_fds(connection, [len(call).to_bytes(8, "big")], [0, 1, 2])
connection.sendall(call)
code = connection.recv(1)
sys.exit(code[0] if code else 255)
`
	awsServer = `
import ctypes, marshal, os, signal, socket, struct, sys, threading, traceback

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
listener.listen(128)
before = dict(os.environ)
import awscli.clidriver
told = {name: value for name, value in os.environ.items() if before.get(name) != value}  # by the CLI to itself
libc = ctypes.CDLL(None, use_errno=True)


def enter(pid):
    root = os.open("/proc/%d/root" % pid, os.O_RDONLY)
    kinds = [os.open("/proc/%d/ns/%s" % (pid, kind), os.O_RDONLY) for kind in ("net", "uts", "ipc", "mnt")]
    for kind in kinds:
        if libc.setns(kind, 0):
            raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    os.chroot(".")
    for fd in (root, *kinds):
        os.close(fd)


def read(connection, size):
    text = b""
    while len(text) < size:
        more = connection.recv(size - len(text))
        if not more:
            os._exit(1)
        text += more
    return text


def watch(connection):
    connection.recv(1)  # nothing more is sent: whoever called is gone
    os._exit(1)


def call(connection):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, fds, _, _ = socket.recv_fds(connection, 8, 3)
    arguments, environment, folder, umask = marshal.loads(read(connection, int.from_bytes(size, "big")))
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    enter(pid)
    for to, fd in enumerate(fds):
        os.dup2(fd, to)
        os.close(fd)
    os.umask(umask)
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(told | environment)
    threading.Thread(target=watch, args=[connection], daemon=True).start()
    sys.argv = arguments
    code = 255
    try:
        code = awscli.clidriver.main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 255
    connection.sendall(bytes([int(code or 0) & 255]))


signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        try:
            call(connection)
        finally:
            os._exit(0)
    connection.close()
`
)
