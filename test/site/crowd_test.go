package site

import (
	"fmt"
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
