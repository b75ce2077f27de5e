package site

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server is a real database, at an address of the simulated cloud's network.
type server struct {
	t       *testing.T
	dir     string
	address string
	number  int

	mu  sync.Mutex
	cmd *exec.Cmd
}

// blank is a folder of data as a new server has it, made once.
var blank = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(work, "mariadb")
	return dir, shell(`
		mkdir -p "$1"
		chown mysql "$1"
		mariadb-install-db --no-defaults --user=mysql --datadir="$1" --auth-root-authentication-method=socket --skip-test-db --skip-name-resolve >/dev/null
	`, dir)
})

var databases atomic.Int64

// database starts a server under a name, as RDS makes it: TLS only, a binary log with
// GTIDs, and a master user that may do all but write to a read-only server.
func (c *cloud) database(host string, secrets map[string]string) *server {
	c.t.Helper()
	from, err := blank()
	require.NoError(c.t, err)
	number := int(databases.Add(1))
	s := &server{t: c.t, dir: filepath.Join(work, fmt.Sprintf("database-%d", number)), address: fmt.Sprintf("10.77.0.%d", 10+number), number: number}
	require.NoError(c.t, shell(`
		cp -a "$1" "$2"
		ip addr replace "$3/16" dev `+bridge, from, s.dir, s.address))
	c.rds.put(c.t, s.dir, host)
	c.resolve(s.address, host)
	c.t.Cleanup(func() {
		s.stop()
		if c.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, "error.log")) // it is only told
			c.t.Logf("database %s:\n%s", host, log)
		}
		_ = os.RemoveAll(s.dir) // it is in memory
	})
	s.start()
	s.must(fmt.Sprintf(`
		SET sql_log_bin = 0;
		CREATE USER '%[1]s'@'%%' IDENTIFIED BY '%[2]s';
		GRANT ALL ON *.* TO '%[1]s'@'%%' WITH GRANT OPTION;
		REVOKE SUPER, READ_ONLY ADMIN, REPLICATION SLAVE ADMIN, BINLOG ADMIN, CONNECTION ADMIN ON *.* FROM '%[1]s'@'%%';
		CREATE USER 'replication'@'%%' IDENTIFIED BY 'replication' REQUIRE SSL;
		GRANT REPLICATION SLAVE ON *.* TO 'replication'@'%%';
		SET sql_log_bin = 1;
		CREATE DATABASE IF NOT EXISTS %[3]s;
	`, secrets["master_user"], secrets["master_password"], secrets["database_name"]))
	return s
}

// start starts the server, and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return
	}
	s.cmd = exec.Command("mariadbd", "--no-defaults", "--user=mysql", "--datadir="+s.dir, "--socket="+s.socket(), "--pid-file="+s.dir+"/pid",
		"--log-error="+s.dir+"/error.log", "--bind-address="+s.address, "--skip-name-resolve", fmt.Sprintf("--server-id=%d", s.number),
		"--log-bin=binlog", "--log-slave-updates", "--gtid-strict-mode=ON", "--binlog-format=ROW", "--sync-binlog=0",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--max-connections=100",
		"--require-secure-transport=ON", "--ssl-cert="+s.dir+"/cert.pem", "--ssl-key="+s.dir+"/key.pem", "--ssl-ca="+s.dir+"/ca.pem",
		"--slave-net-timeout=4")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(s.t, s.cmd.Start())
	eventually(s.t, patience, func() error {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(s.address, "3306"), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// stop ends the server as an outage does: at once.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may be gone
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) socket() string { return filepath.Join(s.dir, "socket") }

// sql runs statements as root, whom RDS keeps for itself, and returns rows of
// columns separated by tabs.
func (s *server) sql(statements string) (string, error) {
	cmd := exec.Command("mariadb", "--no-defaults", "-S", s.socket(), "-N", "-B")
	cmd.Stdin = strings.NewReader(statements)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), err
}

func (s *server) must(statements string) string {
	s.t.Helper()
	out, err := s.sql(statements)
	require.NoError(s.t, err)
	return out
}

// as has a user give a statement over the network, and returns what they are told.
func (s *server) as(secrets map[string]string, user, statement string) string {
	s.t.Helper()
	cmd := exec.Command("mariadb", "--no-defaults", "-h", s.address, "-u", secrets[user+"_user"], "--ssl", "-e", statement)
	cmd.Env = append(cmd.Environ(), "MYSQL_PWD="+secrets[user+"_password"])
	out, _ := cmd.CombinedOutput() // most are to fail
	return string(out)
}
