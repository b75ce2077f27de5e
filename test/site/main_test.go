// Package site runs the user data, as it is, on real programs: Apache, PHP-FPM, WordPress,
// MariaDB, Redis, s3fs and the AWS CLI, each from Debian's packages. Only AWS is simulated,
// and it is reached over HTTPS by clients that were written elsewhere.
//
// Every instance has mounts, processes and a network of its own, and a root that lies over
// the machine's. The tests run in namespaces too: when they end, however they end, the
// kernel takes their processes, mounts and networks away.
//
// What stands in for Amazon Linux is listed in standins_test.go. Where MariaDB differs from
// RDS for MySQL is listed in docs/testing.md.
package site

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pilotlight-dr/pilotlight/test/pulumid"
)

// inside marks the process that runs the tests, in namespaces of its own.
const inside = "PILOTLIGHT_TEST_SITE"

// engineBinary names the engine of the tests to the processes that are started in turn.
const engineBinary = "PILOTLIGHT_TEST_ENGINE"

// work is where everything lies that the tests write, in memory.
const work = "/mnt"

// packages are what the tests need of Debian, by a file that each brings.
var packages = map[string]string{
	"/usr/bin/aws":                         "awscli",
	"/usr/bin/curl":                        "curl",
	"/usr/bin/openssl":                     "openssl",
	"/usr/bin/fusermount3":                 "fuse3",
	"/usr/bin/php":                         "php-cli",
	"/usr/bin/redis-server":                "redis-server",
	"/usr/bin/s3fs":                        "s3fs",
	"/usr/lib/php/*/gd.so":                 "php-gd",
	"/usr/lib/php/*/mbstring.so":           "php-mbstring",
	"/usr/lib/php/*/mysqli.so":             "php-mysql",
	"/usr/lib/php/*/xml.so":                "php-xml",
	"/usr/sbin/apache2":                    "apache2-bin",
	"/usr/sbin/ip":                         "iproute2",
	"/usr/sbin/mariadbd":                   "mariadb-server",
	"/usr/sbin/nft":                        "nftables",
	"/usr/sbin/php-fpm*":                   "php-fpm",
	"/usr/share/wordpress/wp-settings.php": "wordpress",
	"/usr/share/wordpress/wp-content/themes/twentytwenty*": "wordpress-theme-twentytwentythree",
}

// lacking says what the machine lacks for the tests; empty is nothing.
func lacking() string {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return "a whole site runs as root on Debian only: try sudo go test ./test/site"
	}
	var missing []string
	for file, name := range packages {
		if found, err := filepath.Glob(file); err != nil || len(found) == 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	slices.Sort(missing)
	return "a whole site needs Debian's packages: apt-get install --no-install-recommends " + strings.Join(missing, " ")
}

// refused says what the kernel refuses of what the tests need; empty is nothing. A container
// often has such a kernel, and no package changes it.
var refused = sync.OnceValue(func() string {
	probe := exec.Command("bash", "-euc", `
		mount --make-rprivate /
		mount -t proc proc /proc
		mount -t tmpfs tmpfs `+work+`
		mkdir `+work+`/upper `+work+`/scratch `+work+`/rootfs
		mount -t overlay -o lowerdir=/,upperdir=`+work+`/upper,workdir=`+work+`/scratch overlay `+work+`/rootfs
		[[ -c /dev/fuse ]] || { echo there is no /dev/fuse; exit 1; }
		exec 3<>/dev/fuse
		ip link add probe type bridge
		ip link add here type veth peer name there
		nft add table inet probe
	`)
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	out, err := probe.CombinedOutput()
	if err == nil {
		return ""
	}
	said, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return "the kernel refuses namespaces, overlays, FUSE, bridges or nftables, which a whole site needs: " + cmp.Or(said, err.Error())
})

// needed ends a test on a machine that can't run a site, and says why. On CI that is a failure:
// .ci/run has installed the packages, and what is not run there is proven nowhere. Elsewhere,
// as on a Mac, the test is skipped: it needs Debian, root and a kernel with namespaces and FUSE.
func needed(t *testing.T) {
	t.Helper()
	why := lacking()
	if why == "" {
		why = refused()
	}
	switch {
	case why == "":
	case os.Getenv("CI") == "true":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}

func TestMain(m *testing.M) {
	another := os.Geteuid() != 0 && os.Getenv("CI") == "true"
	if (another || lacking() == "") && os.Getenv(engineBinary) == "" {
		binary, err := pulumid.Build(context.Background()) // here are a network and the user's caches
		if err == nil {
			err = os.Setenv(engineBinary, binary)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	switch {
	case another:
		os.Exit(enter("sudo", "--non-interactive", "--preserve-env"))
	case lacking() != "" || refused() != "":
		os.Exit(m.Run())
	case os.Getenv(inside) == "":
		os.Exit(enter())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// Its clocks are real: it goes before the other tests, whose clock waits. Where that is refused, it is slower.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -10)
	err := flag.Set("test.parallel", "4") // most of their time is waiting, and this package is the last to end
	if err == nil {
		err = prepare()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "preparing the machine of the tests:", err)
		return 1
	}
	return m.Run()
}

// enter runs this very test again: as another user by a command that does so, or else in new
// namespaces, below a shell that is their first process and reaps orphans. What is started
// there ends with the shell, and that ends with this process.
func enter(as ...string) int {
	runtime.LockOSThread() // the kernel looks at the thread that began it
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "finding the test's own program:", err)
		return 1
	}
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if len(as) == 0 {
		as = []string{"env", inside + "=yes", "bash", "-c", `"$0" "$@"; exit $?`}
		attributes.Cloneflags = namespaces
	}
	cmd := exec.Command(as[0], slices.Concat(as[1:], []string{self}, os.Args[1:])...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = attributes
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1) // -1 is a signal
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "starting the tests again:", err)
		return 1
	}
	return 0
}

const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// network is what all have in common, as a VPC. internet is where the tests serve whatever is not an instance: AWS, and what lies
// beyond. metadata is where EC2 tells an instance about itself.
const (
	network  = "10.77.0.0/16"
	internet = "10.77.0.1"
	metadata = "169.254.169.254"
	bridge   = "site"
)

// prepare prepares mounts and network of the namespaces. The bridge has an address of its own:
// else it takes that of one of its ports, and another with each instance that comes or goes,
// while those that are there still send to the old one.
func prepare() error {
	if err := shell(`
		mount --make-rprivate /
		mount -t proc proc /proc
		mount -t tmpfs -o size=6g,mode=1777 tmpfs ` + work + `
		ip link set lo up
		ip link add ` + bridge + ` address 02:00:00:00:00:01 type bridge
		ip addr add ` + internet + `/16 dev ` + bridge + `
		ip addr add ` + metadata + `/32 dev ` + bridge + `
		ip link set ` + bridge + ` up
	`); err != nil {
		return err
	}
	return errors.Join(os.Setenv("TMPDIR", work), connect())
}

// shell runs commands one after the other, up to the first that fails.
func shell(commands string, args ...string) error {
	out, err := exec.Command("bash", append([]string{"-euo", "pipefail", "-c", commands, "test"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// names are what a map holds, in order.
func names[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
