package decide

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// DeepPage is what an instance says of itself on its deep page. The page asks
// the parts that visitors need, so it is true only when they work.
type DeepPage struct {
	OK       bool   `json:"ok"`
	Epoch    int    `json:"epoch"`    // of the stack that the instance believes to serve
	Database string `json:"database"` // writable, read-only or unreachable
	Media    string `json:"media"`    // mounted or missing
	Cache    string `json:"cache"`    // ok, none or unreachable; reported, not required
}

// Answer is an HTTP answer of the site.
type Answer struct {
	Status   int
	Location string // of a redirect
	Body     []byte
}

// Deep judges the answer of the deep page: whether this side may be shown to
// visitors at this epoch, and in a few words what was seen.
func Deep(a Answer, epoch int) (ready bool, seen string) {
	var page DeepPage
	if err := json.Unmarshal(a.Body, &page); err != nil {
		return false, fmt.Sprintf("deep page answers %d without a report", a.Status)
	}
	seen = fmt.Sprintf("database %s, media %s, cache %s", page.Database, page.Media, page.Cache)
	switch {
	case page.Epoch != epoch:
		return false, fmt.Sprintf("%s, epoch %d instead of %d", seen, page.Epoch, epoch)
	case a.Status != http.StatusOK || !page.OK:
		return false, seen
	}
	return true, seen
}

// Serves is the epoch at which a deep page says that all is well; 0 when it does not.
func Serves(a Answer) int {
	var page DeepPage
	if err := json.Unmarshal(a.Body, &page); err != nil || a.Status != http.StatusOK || !page.OK {
		return 0
	}
	return page.Epoch
}

// Front judges the answer of the front page. A redirect to another page of the
// same site is to be followed: next is its path, else empty. Only a site that
// was never served before, at epoch 1, may still show WordPress's installer.
func Front(a Answer, domain string, epoch int) (ready bool, next, seen string) {
	if a.Status == http.StatusOK {
		return true, "", "front page answers 200"
	}
	if a.Status < 300 || a.Status > 399 || a.Location == "" {
		return false, "", fmt.Sprintf("front page answers %d", a.Status)
	}
	target, err := url.Parse(a.Location)
	switch {
	case err != nil || target.Host != "" && target.Hostname() != domain:
		return false, "", "front page leads elsewhere, to " + a.Location
	case strings.Contains(target.Path, "/wp-admin/install.php"):
		return epoch == 1, "", "front page shows the installer"
	}
	return false, target.RequestURI(), "front page leads to " + a.Location
}
