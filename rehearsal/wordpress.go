package rehearsal

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"

	"github.com/pilotlight-dr/pilotlight/awssim"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/failover/decide"
)

// assignment finds what the user data tells an instance: lines like REGION='us-east-2'.
var assignment = regexp.MustCompile(`(?m)^([A-Z_]+)='([^']*)'$`)

// wordpress does what an instance of the real user data does with a request: it
// finds its parts through the parameters that the user data names, fences
// itself when the peer has a higher epoch, and serves. The script itself is
// tested in package components; this is its behaviour as seen from the balancer.
func wordpress(instance awssim.Instance, req *http.Request) awssim.Answer {
	told := map[string]string{}
	for _, found := range assignment.FindAllStringSubmatch(instance.UserData(), -1) {
		if _, known := told[found[1]]; !known { // further down the script quotes itself
			told[found[1]] = found[2]
		}
	}
	if req.URL.Path == components.HealthPath {
		return awssim.Answer{Status: http.StatusOK} // the web server runs, and that is all it says
	}
	if _, err := instance.Secret(told["SECRET"]); err != nil {
		return awssim.Answer{Status: http.StatusServiceUnavailable, Body: "no secrets"}
	}
	page, fenced := look(instance, told)
	deep, err := json.Marshal(page)
	if err != nil {
		return awssim.Answer{Status: http.StatusInternalServerError}
	}
	switch {
	case req.URL.Path == components.DeepPath && page.OK && !fenced:
		return awssim.Answer{Status: http.StatusOK, Body: string(deep)}
	case req.URL.Path == components.DeepPath:
		return awssim.Answer{Status: http.StatusServiceUnavailable, Body: string(deep)}
	case fenced || page.Database == "unreachable":
		return awssim.Answer{Status: http.StatusServiceUnavailable}
	}
	return awssim.Answer{Status: http.StatusOK, Body: "served from " + instance.Region()}
}

// look is what the deep page reports, and whether the other side took over.
func look(instance awssim.Instance, told map[string]string) (page decide.DeepPage, fenced bool) {
	own := func(key string) string {
		value, _, err := instance.Parameter(told["REGION"], told["PARAMETERS"]+"/"+key)
		if err != nil {
			return ""
		}
		return value
	}
	page.Epoch, _ = strconv.Atoi(own("epoch")) // a missing epoch is 0, as in the script
	if marker, ok, err := instance.Parameter(told["PEER_REGION"], told["PEER_PARAMETERS"]+"/epoch"); err == nil && ok {
		theirs, err := strconv.Atoi(marker)
		fenced = err == nil && theirs > page.Epoch
	}
	page.Database = "unreachable"
	if found := instance.Database(own("database")); found.Writable {
		page.Database = "writable"
	} else if found.Exists {
		page.Database = "read-only"
	}
	page.Media, page.Cache = "missing", "none"
	if instance.Bucket(told["BUCKET"]) && !fenced {
		page.Media = "mounted"
	}
	if address := own("cache"); address != "" {
		page.Cache = "unreachable"
		if instance.Cache(address) {
			page.Cache = "ok"
		}
	}
	page.OK = page.Database == "writable" && page.Media == "mounted"
	return page, fenced
}
