package checks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	// Fenced reports that the instance knows of a later activation elsewhere.
	Fenced bool `json:"fenced,omitempty"`
	// Frozen reports that it lets no visitor in, before a planned switchover. Then Database is
	// what came of a write that was tried.
	Frozen bool `json:"frozen,omitempty"`
	// IgnoresReadOnly reports that the database took that write although its read_only is set.
	IgnoresReadOnly bool `json:"ignores_read_only,omitempty"`
	// Marker is the last that a frozen site wrote into its database, or that arrived in a replica.
	Marker string `json:"marker,omitempty"`
	// Rotation is the number of the rotation of secrets that the instance uses for all it logs in to; 0 for none
	// yet, and while it still uses those that were before.
	Rotation int `json:"rotation,omitempty"`
}

// Answer is an HTTP answer of the site.
type Answer struct {
	Status   int
	Location string // of a redirect
	Body     []byte
}

// Deep judges the answer of the deep page: whether this side may be shown to
// visitors at this epoch, and in a few words what was seen. A cache counts only
// where it is required.
func Deep(a Answer, epoch int, requireCache bool) (ready bool, seen string) {
	if a.Status == http.StatusForbidden {
		return false, "deep page refuses: the instances hold other secrets than this stack"
	}
	var page DeepPage
	if err := json.Unmarshal(a.Body, &page); err != nil {
		return false, fmt.Sprintf("deep page answers %d without a report", a.Status)
	}
	seen = fmt.Sprintf("database %s, media %s, cache %s", page.Database, page.Media, page.Cache)
	switch {
	case page.Epoch != epoch:
		return false, fmt.Sprintf("%s, epoch %d instead of %d", seen, page.Epoch, epoch)
	case a.Status != http.StatusOK || !page.OK, requireCache && page.Cache != "ok":
		return false, seen
	}
	return true, seen
}

// Moved judges whether visitors arrive at this side: the deep page, asked by the
// site's own name, is this epoch's. names are the addresses that resolvers give for
// the site's name, ours those of this side's balancer.
func Moved(page DeepPage, epoch int, names, ours []string) (moved bool, seen string) {
	leads := "resolvers lead here"
	switch {
	case len(names) == 0:
		leads = "resolvers do not know the name"
	case !slices.ContainsFunc(names, func(address string) bool { return slices.Contains(ours, address) }):
		leads = "resolvers lead to " + strings.Join(names, ", ")
	}
	switch {
	case page.OK && page.Epoch == epoch:
		return true, leads + ", and the site answers from here"
	case page.Epoch == 0:
		return false, leads + ", the site does not answer"
	}
	return false, fmt.Sprintf("%s, the site answers at epoch %d", leads, page.Epoch)
}

// Rotated judges whether the instance that answers uses the secrets of a rotation.
func Rotated(page DeepPage, rotation int) (ready bool, seen string) {
	switch {
	case page.Epoch == 0:
		return false, "no answer, or from an instance that has not read the new secrets"
	case page.Rotation != rotation:
		return false, "an instance still uses the secrets that were before"
	case !page.OK:
		return false, "the site is not well: database " + page.Database + ", media " + page.Media
	}
	return true, "the instances use the new secrets"
}

// Page is what an answer of the deep page reports; zero when it is no report. A
// page is well only when its status says so too.
func Page(a Answer) DeepPage {
	var page DeepPage
	if err := json.Unmarshal(a.Body, &page); err != nil {
		return DeepPage{}
	}
	page.OK = page.OK && a.Status == http.StatusOK
	return page
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
