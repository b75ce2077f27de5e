package site

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/components"
)

// connections is what the databases of a deployed site take, and crowd how many visitors come at once.
const (
	connections = 30
	crowd       = 60
)

// busy is what the image of a busy site has: 50 processes of PHP that are always there, each with a connection while it
// makes a page. A page can be had that waits for the database as one does whose cache is cold.
const busy = `
sed -i 's/^pm = dynamic/pm = static/' /etc/php-fpm.d/www.conf
cat >/var/www/html/wp-content/mu-plugins/cold.php <<'EOF'
<?php
add_action('init', function () {
    isset($_GET['cold']) && $GLOBALS['wpdb']->query('SELECT SLEEP(0.3)');
});
EOF
`

// returnAtOnce has all visitors come back at once after a move, to a cold database that takes few connections. They wait,
// and get no error. Nor does the balancer take the instance for an ill one meanwhile.
func (d *deployed) returnAtOnce(t *testing.T, database *follower) {
	t.Helper()
	i := d.running(away)
	assert.Regexp(t, `127\.0\.0\.1 .* "GET / HTTP/1\.1" 200 `, i.must("head -n 3 /var/log/httpd/access_log"), "the first visitor was the first of all")

	database.must(fmt.Sprintf("SET GLOBAL max_connections = %d", connections)) // as its parameter group says
	pages := make([]page, crowd)
	var visitors sync.WaitGroup
	var served atomic.Int64
	for n := range pages {
		visitors.Go(func() {
			pages[n] = d.visit().get(fmt.Sprintf("/?cold&s=%d", n))
			served.Add(1)
		})
	}
	eventually(t, patience, func() error {
		if served.Load() == 0 {
			return fmt.Errorf("no visitor of %d is served", crowd)
		}
		return nil
	})
	began := time.Now()
	require.NoError(t, i.visit().get(components.HealthPath).want(200))
	t.Logf("the health page took %s", time.Since(began))
	assert.Less(t, served.Load(), int64(crowd*3/4), "the balancer waits behind all visitors, and takes the instance for an ill one")
	visitors.Wait()
	for n, got := range pages {
		require.NoError(t, got.want(200), "visitor %d", n)
		assert.NotContains(t, got.text, "Error establishing a database connection")
	}
	most := database.must("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'MAX_USED_CONNECTIONS'")
	t.Logf("visitors and jobs had %s connections at most, of %d", most, connections)
}

// blocking is what an image has whose page is made once a file is there: until then it holds a process.
const blocking = `
echo '<?php touch("/tmp/blocking"); while (!file_exists("/run/open")) usleep(100000); echo "served with ", ini_get("upload_tmp_dir");' >/var/www/html/blocking.php
`

// full is how many visitors may wait at an instance, and alike how many of them may at each process of Apache.
const full, alike = 320, 160

// TestFullHouse has more visitors come than Apache has threads, while PHP serves none. Those who may wait do, and are served in the end. The
// others are told at once, and so is the balancer that the instance is well: else the group would replace it, and then the next.
func TestFullHouse(t *testing.T) {
	t.Parallel()
	s := newSide(t)
	script, err := components.UserData(components.UserDataArgs{Region: home, ParameterPath: path, SecretARN: s.arn, Bucket: bucket, Network: network, PHPProcesses: 5})
	require.NoError(t, err)
	i := s.launch(home, s.image(putWordPress+blocking), script)
	require.NoError(t, i.boot(), i.log())
	eventually(t, patience, func() error { return i.visit().get(components.HealthPath).want(200) })

	var visitors sync.WaitGroup
	var all, served, refused atomic.Int64
	come := func(many int) {
		for range many {
			all.Add(1)
			visitors.Go(func() {
				switch got := i.visit().get("/blocking.php"); {
				case got.status == 200 && strings.HasPrefix(got.text, "served"):
					served.Add(1)
				case got.status == 503 && strings.Contains(got.text, "busy"):
					refused.Add(1)
				default:
					t.Errorf("status %d: %s", got.status, got.text)
				}
			})
		}
	}
	waiting := func() int { return strings.Count(i.must("cat /proc/net/unix"), "/run/php-fpm/www.sock\n") - 1 } // PHP's own end
	healthy := func() {
		t.Helper()
		balancer := i.visit()
		balancer.client.Timeout = 5 * time.Second // as its check
		for range 3 {
			require.NoError(t, balancer.get(components.HealthPath).want(200), "beside %d who wait", waiting())
		}
	}

	come(alike)
	eventually(t, patience, func() error {
		require.Zero(t, refused.Load(), "a visitor gets an error beside threads that have nothing to do")
		if n := waiting(); n < alike {
			return fmt.Errorf("%d wait of %d", n, alike)
		}
		return nil
	})
	healthy()

	eventually(t, patience, func() error {
		if n := waiting(); all.Load() < 450 || n < full {
			come(50)
			return fmt.Errorf("%d wait of %d", n, full)
		}
		return nil
	})
	healthy()
	i.must("touch /run/open")
	visitors.Wait()
	assert.EqualValues(t, full, served.Load())
	assert.Equal(t, all.Load()-full, refused.Load())
}
