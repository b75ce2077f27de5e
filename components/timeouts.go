package components

// How long each waits that has a part in a page, in seconds. Who waits for another waits longer than that one. So PHP ends
// a page, and the balancer ends an idle connection. If Apache ended it, a request could arrive at that moment, and a
// visitor of a healthy site would get a 502
// (docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html).
const (
	// pageSeconds is when PHP-FPM ends a page. It looks every ten seconds, a third of the least limit of its pools
	// (sapi/fpm/fpm/fpm_conf.c), which is that of the pages beside the site.
	pageSeconds = 300
	// proxySeconds is how long Apache waits for PHP to say something.
	proxySeconds = pageSeconds + 15
	// idleSeconds is how long the balancer waits for Apache to say something, and how long it keeps a connection to it
	// that has nothing to do. AWS takes 1 to 4000.
	idleSeconds = proxySeconds + 15
	// keepAliveSeconds is how long Apache keeps such a connection.
	keepAliveSeconds = idleSeconds + 15
)
