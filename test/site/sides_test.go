package site

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// The other side of the site.
const (
	away       = "us-east-2"
	awayPath   = "/blog/dr"
	awayBucket = "blog-dr-media-7654321"
)

// ownCode is what the site's image has of its own: a page that writes a row, and a job that
// calls a web address. It is due before all others: where WordPress can't take its lock, it runs the first job alone.
const ownCode = `
cat >/var/www/html/write.php <<'EOF'
<?php
define('SHORTINIT', true);
require __DIR__ . '/wp-load.php';
$wpdb->hide_errors();
http_response_code($wpdb->query($wpdb->prepare('INSERT INTO writes VALUES (%d)', $_GET['n'])) ? 201 : 500);
echo $wpdb->last_error;
EOF
mkdir -p /var/www/html/wp-content/mu-plugins
cat >/var/www/html/wp-content/mu-plugins/jobs.php <<'EOF'
<?php
add_action('call', function ($path) {
    update_option('job_saw', plugins_url() . ' ' . ini_get('mysqlnd.net_read_timeout'));
    wp_remote_get("https://jobs.example.net/$path");
    if ($path === 'before') { // as many plugins do
        wp_schedule_single_event(time() + 9999, 'later');
        wp_clear_scheduled_hook('later');
        wp_remote_get('https://jobs.example.net/rest');
    }
});
add_action('init', function () {
    isset($_GET['schedule']) && wp_schedule_single_event(1, 'call', [$_GET['schedule']]);
});
EOF
`

// A site is two sides, as their stacks make them: databases that replicate, buckets, and
// what their instances look up.
type site struct {
	*cloud
	secrets         map[string]string
	source, replica *follower
	production, dr  *instance
}

// newSite makes both sides, with an instance each.
func newSite(t *testing.T) *site {
	t.Helper()
	needed(t)
	world := sim.New(1)
	t.Cleanup(world.Close)
	world.Clock().SetQuiet(2 * time.Millisecond)
	s := &site{cloud: newCloud(t, world), secrets: wordpress.GenerateSecrets()}
	s.region(home, bucket)
	s.region(away, awayBucket)
	s.databases()
	s.buckets()
	image := s.image(putWordPress + ownCode)
	s.production = s.launchSide(image, home, path, s.source, bucket, away, awayPath, "1")
	s.dr = s.launchSide(image, away, awayPath, s.replica, awayBucket, home, path, "1")
	s.production.visit().install()
	s.source.must("CREATE TABLE wordpress.writes (n INT PRIMARY KEY)")
	s.caughtUp()
	return s
}

// launchSide publishes where a side's parts are, and boots an instance there.
func (s *site) launchSide(image, region, path string, database *follower, bucket, peer, peerPath, epoch string) *instance {
	s.t.Helper()
	for key, value := range map[string]string{"database": database.host, "cache": "none", "site": "https://www.example.com", "epoch": epoch, "mode": "open"} {
		s.parameter(region, path+"/"+key, value)
	}
	script, err := components.UserData(components.UserDataArgs{
		Region: region, ParameterPath: path, SecretARN: s.secret(region, "application"+region, s.secrets), Bucket: bucket, Network: network,
		PeerRegion: peer, PeerParameterPath: peerPath,
	})
	require.NoError(s.t, err)
	i := s.launch(region, image, script)
	require.NoError(s.t, i.boot(), i.log())
	eventually(s.t, patience, func() error {
		err := i.visit().get(components.HealthPath).want(200)
		if err != nil && strings.Contains(err.Error(), "starting") {
			_ = i.systemd.start(refresh) // its first look was in vain
		}
		return err
	})
	return i
}

const groupType = "aws:rds/parameterGroup:ParameterGroup"

func readOnlyGroup(name, readOnly string) map[string]any {
	return map[string]any{"name": name, "family": "mysql8.0", "parameters": []any{map[string]any{"name": "read_only", "value": readOnly, "applyMethod": "immediate"}}}
}

// databases makes a database and its replica in AWS, and the servers that follow them.
func (s *site) databases() {
	s.t.Helper()
	const database = "aws:rds/instance:Instance"
	s.make(home, groupType, "prod", readOnlyGroup("prod", "{TrueIfReplica}"))
	s.make(away, groupType, "dr", readOnlyGroup("dr", "{TrueIfReplica}"))
	key := s.make(away, "aws:kms/key:Key", "key", map[string]any{}).Props["arn"]
	source := s.make(home, database, "prod", map[string]any{
		"identifier": "blog-prod-1", "engine": "mysql", "instanceClass": "db.t4g.medium", "username": "admin", "password": "correct horse",
		"allocatedStorage": 20, "backupRetentionPeriod": 7, "storageEncrypted": true, "skipFinalSnapshot": true, "parameterGroupName": "prod",
	})
	replica := s.make(away, database, "dr", map[string]any{
		"identifier": "blog-dr-1", "instanceClass": "db.t4g.medium", "replicateSourceDb": source.Props["arn"], "kmsKeyId": key,
		"backupRetentionPeriod": 7, "skipFinalSnapshot": true, "parameterGroupName": "dr",
	})
	s.source = s.follow(home, "blog-prod-1", source)
	s.replica = s.follow(away, "blog-dr-1", replica)
	s.replica.replicate(s.source)
	s.replica.catchUp()
}

// buckets makes both, and a rule that copies what is put into production's.
func (s *site) buckets() {
	s.t.Helper()
	for region, name := range map[string]string{home: bucket, away: awayBucket} {
		s.make(region, "aws:s3/bucketV2:BucketV2", name, map[string]any{"bucket": name})
		s.make(region, "aws:s3/bucketVersioningV2:BucketVersioningV2", name, map[string]any{"bucket": name, "versioningConfiguration": map[string]any{"status": "Enabled"}})
	}
	replicator := s.make(home, "aws:iam/role:Role", "replication", map[string]any{"name": "replication", "assumeRolePolicy": "{}"}).Props["arn"]
	s.make(home, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", bucket, map[string]any{"bucket": bucket, "role": replicator, "rules": []any{map[string]any{
		"id": "media", "status": "Enabled", "priority": 1, "filter": map[string]any{"prefix": ""}, "deleteMarkerReplication": map[string]any{"status": "Enabled"},
		"destination": map[string]any{"bucket": "arn:aws:s3:::" + awayBucket}}}})
}

// A follower is a server that does what the simulated RDS says of a database.
type follower struct {
	*server
	cloud            *cloud
	region, id, host string
	replicates       bool
	seen             string // of the database in AWS
}

func (s *site) follow(region, id string, o sim.Object) *follower {
	s.t.Helper()
	host, _ := o.Props["address"].(string)
	return &follower{server: s.database(host, s.secrets), cloud: s.cloud, region: region, id: id, host: host}
}

// replicate makes the server a replica of another, from its first transaction on.
func (f *follower) replicate(source *follower) {
	f.t.Helper()
	f.must("RESET MASTER")
	f.must(fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_USER='replication', MASTER_PASSWORD='replication', MASTER_SSL=1, MASTER_USE_GTID=slave_pos; START SLAVE", source.address))
	f.replicates = true
}

// catchUp brings the server to where its database is in AWS: an outage stops it; a
// promotion ends replication, restarts it, and lifts read-only; what its parameter group
// says of read_only reaches it.
func (f *follower) catchUp() {
	f.t.Helper()
	state := f.cloud.world.DatabaseState(f.host)
	found, err := f.cloud.world.Databases(f.region, f.id)
	require.NoError(f.t, err)
	answers := state.Exists && state.Status != "rebooting"
	seen := fmt.Sprint(answers, state.Writable, found[0].Source)
	if seen == f.seen {
		return
	}
	f.seen = seen
	if !answers {
		f.stop()
		return
	}
	f.start()
	if f.replicates && found[0].Source == "" {
		f.must("STOP SLAVE; RESET SLAVE ALL")
		f.stop()
		f.start()
		f.replicates = false
	}
	readOnly := "1"
	if state.Writable {
		readOnly = "0"
	}
	f.must("SET GLOBAL read_only = " + readOnly)
}

// pass lets simulated time pass, which the servers follow.
func (s *site) pass(d time.Duration) {
	s.t.Helper()
	s.world.Clock().Advance(d)
	s.source.catchUp()
	s.replica.catchUp()
}

// promote promotes the replica. Replication stops before anything else.
func (s *site) promote() {
	s.t.Helper()
	_, err := s.world.Promote(away, "blog-dr-1", nil)
	require.NoError(s.t, err)
	s.replica.must("STOP SLAVE")
	eventually(s.t, patience, func() error {
		s.pass(time.Minute)
		if state := s.world.DatabaseState(s.replica.host); !state.Writable {
			return fmt.Errorf("the replica is %s", state.Status)
		}
		return nil
	})
}

// caughtUp waits until the replica has all of its source.
func (s *site) caughtUp() {
	s.t.Helper()
	s.replica.awaits(s.source)
}

// awaits waits until the server has all that its source has now.
func (f *follower) awaits(source *follower) {
	f.t.Helper()
	position := source.must("SELECT @@gtid_binlog_pos")
	require.Equal(f.t, "0", f.must("SELECT MASTER_GTID_WAIT('"+position+"', 60)"), f.must("SHOW SLAVE STATUS\\G"))
}

// deep is an instance's deep page, whatever it says.
func (s *site) deep(i *instance) checks.DeepPage {
	side := side{cloud: s.cloud, secrets: s.secrets}
	answer, _ := side.deep(i) // it says no on purpose
	return answer
}

// TestReplicaServesAndRunsNoJobs has a side whose database replicates: its pages answer,
// and what is scheduled is left alone until the promotion, and runs once after it.
func TestReplicaServesAndRunsNoJobs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.NoError(t, s.production.visit().get("/?schedule=once").want(200))
	s.caughtUp()
	eventually(t, patience, func() error { return s.dr.visit().get("/").want(200) })
	require.NoError(t, s.dr.systemd.elapse())
	assert.Equal(t, "read-only", s.deep(s.dr).Database)
	assert.Empty(t, s.ran(), "a job ran on a replica")

	s.production.powerOff()
	s.promote()
	for range 2 {
		require.NoError(t, s.dr.systemd.elapse())
	}
	assert.Empty(t, s.ran(), "a job ran before visitors were back")
	s.dr.must("touch -d '6 minutes ago' /run/pilotlight/writable")
	for range 2 {
		require.NoError(t, s.dr.systemd.start("pilotlight-cron.service"))
	}
	assert.Equal(t, map[string]int{"/once": 1}, s.ran())
	assert.Equal(t, "https://www.example.com/wp-content/plugins 600", s.replica.must("SELECT option_value FROM wordpress.wp_options WHERE option_name = 'job_saw'"))
	assert.Equal(t, "writable", s.deep(s.dr).Database)

	// The site freezes in the middle of a run: what is due next is left to the other side, and not run twice.
	for _, job := range []string{"before", "after"} {
		require.NoError(t, s.dr.visit().get("/?schedule="+job).want(200))
	}
	const frozen = "/run/pilotlight/frozen"
	s.mu.Lock()
	s.onJob = func(path string) {
		if path == "/before" {
			s.dr.must("touch " + frozen)
		}
	}
	s.mu.Unlock()
	require.NoError(t, s.dr.systemd.start("pilotlight-cron.service"))
	assert.Equal(t, map[string]int{"/once": 1, "/before": 1, "/rest": 1}, s.ran(), "a job is not cut off, and the next one not begun")
	s.dr.must("rm " + frozen)
	s.replica.must("DELETE FROM wordpress.wp_options WHERE option_name = '_transient_doing_cron'") // which WordPress lets go after a minute
	require.NoError(t, s.dr.systemd.start("pilotlight-cron.service"))
	assert.Equal(t, map[string]int{"/once": 1, "/before": 1, "/rest": 1, "/after": 1}, s.ran())
}

// ran counts what jobs asked for.
func (c *cloud) ran() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]int{}
	for path, n := range c.jobs {
		counts[path] = n
	}
	return counts
}

// rows are those in a database, in order.
func rows(s *server) []string {
	s.t.Helper()
	return strings.Fields(s.must("SELECT n FROM wordpress.writes ORDER BY n"))
}
