package components

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhoWaitsEndsLast holds the order of what ends a page, and of what ends an idle connection, as they are set.
func TestWhoWaitsEndsLast(t *testing.T) {
	t.Parallel()
	i := machine(t, userData())
	i.put(i.path("/etc/php-fpm.d/www.conf"), "[www]\nuser = apache\n")
	i.run(i.script)
	require.NoError(t, i.err, i.log)
	c := deploy(t, "us-west-2", func(ctx *pulumi.Context) error {
		_, err := NewBalancer(ctx, "blog-dr", BalancerArgs{
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"), TargetGroupARN: pulumi.String("arn:targets"),
		})
		return err
	})
	pools, apache := i.read("/etc/php-fpm.d/00-pilotlight.conf"), i.read("/etc/httpd/conf.d/pilotlight.conf")
	beside, visitors, found := strings.Cut(pools, "\n[www]\n")
	require.True(t, found, pools)

	look := number(t, beside, "request_terminate_timeout = ") / 3 // how often PHP-FPM looks, by its shortest limit
	page := number(t, visitors, "request_terminate_timeout = ")
	proxy := number(t, apache, "ProxyTimeout ")
	idle := int(c.one(t, "lb/loadBalancer:LoadBalancer").Inputs["idleTimeout"].(float64))
	keep := number(t, apache, "KeepAliveTimeout ")
	assert.Equal(t, 300, page, "as the README says")
	assert.Contains(t, "\n"+visitors, "\npm.max_requests = 500\nphp_admin_value[upload_tmp_dir] = /var/tmp\n")
	assert.Greater(t, proxy, page+look, "Apache gives a page up before PHP ends it")
	assert.Greater(t, idle, proxy, "the balancer gives a page up before Apache does")
	assert.Greater(t, keep, idle, "Apache ends a connection that the balancer may be about to use")
}

// TestConnectionsHaveFiles holds that as many connections as a process of Apache keeps may be open.
func TestConnectionsHaveFiles(t *testing.T) {
	t.Parallel()
	i := running(t)
	apache := i.read("/etc/httpd/conf.d/pilotlight.conf")
	threads := number(t, apache, "ThreadsPerChild ")
	files := number(t, i.read("/etc/systemd/system/httpd.service.d/pilotlight.conf"), "LimitNOFILE=")
	assert.Greater(t, files, threads*(1+number(t, apache, "AsyncRequestWorkerFactor "))+2*threads, "beside them: what is sent, and who makes it")
}

// TestJobsEnd holds that a job which hangs does not keep the next ones from running.
func TestJobsEnd(t *testing.T) {
	t.Parallel()
	assert.Contains(t, running(t).read("/etc/systemd/system/pilotlight-cron.service"), "\nTimeoutStartSec=1h\n", "systemd lets a oneshot run for ever")
}

// seconds is the number after a word, which must be there once.
func number(t *testing.T, text, word string) int {
	t.Helper()
	all := regexp.MustCompile(`(?m)^ *`+word+`(\d+)$`).FindAllStringSubmatch(text, -1)
	require.Len(t, all, 1, "%s in %s", word, text)
	n, err := strconv.Atoi(all[0][1])
	require.NoError(t, err)
	return n
}

// TestIdleConnectionsHoldNoProcess asks an Apache that has a process for each connection, as PHP in Apache itself needs it.
func TestIdleConnectionsHoldNoProcess(t *testing.T) {
	t.Parallel()
	needed(t, "apache2")
	i := running(t)
	i.put(i.path(site+"/index.php"), "<?php")
	status, _ := i.apache(ways["php-fpm"])("/") // it is up
	require.Equal(t, http.StatusOK, status)
	listen := regexp.MustCompile(`Listen (\S+)`).FindStringSubmatch(i.read("/httpd.conf"))
	require.NotNil(t, listen)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listen[1]+"/", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.True(t, res.Close, "the balancer is not told that the connection ends with the page")
}
