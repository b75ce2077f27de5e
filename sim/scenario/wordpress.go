package scenario

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// AnswerAsInstance does what an instance of the real user data does with a request: it
// finds its parts through the parameters that the user data names, fences
// itself when the peer has a higher epoch, and serves. The script itself is
// tested in package components; this is its behaviour as seen from the balancer.
func AnswerAsInstance(instance sim.Instance, req *http.Request) sim.Answer {
	told := map[string]string{} // by lines like REGION='us-east-2'
	for line := range strings.Lines(instance.UserData()) {
		name, value, assigns := strings.Cut(strings.TrimSuffix(line, "'\n"), "='")
		if _, known := told[name]; assigns && !known { // further down the script quotes itself
			told[name] = value
		}
	}
	text, err := instance.Secret(told["SECRET"])
	if req.URL.Path == components.HealthPath && err == nil {
		return sim.Answer{Status: http.StatusOK} // it knows its settings, or that there are none yet
	}
	var secrets map[string]string
	if err != nil || json.Unmarshal([]byte(text), &secrets) != nil {
		return sim.Answer{Status: http.StatusServiceUnavailable, Body: "no secrets"}
	}
	w := machine{instance, told}
	state := w.state()
	tokens := []string{wordpress.DeepToken(secrets), wordpress.DeepToken(wordpress.Previous(secrets))}
	switch {
	case req.URL.Path == components.DeepPath && !slices.Contains(tokens, req.Header.Get("X-Pilotlight-Token")):
		return sim.Answer{Status: http.StatusForbidden}
	case req.URL.Path == components.DeepPath:
		return deepAnswer(w.deep(state, secrets))
	case state.Fenced || state.Frozen:
		return sim.Answer{Status: http.StatusServiceUnavailable, Body: "maintenance"}
	case req.Method == http.MethodPost && w.login(secrets) != nil:
		return w.post(req.URL.Query().Get("post"))
	case !serves(instance.Database(w.own("database"))):
		return sim.Answer{Status: http.StatusServiceUnavailable}
	case w.login(secrets) == nil:
		return sim.Answer{Status: http.StatusInternalServerError, Body: "Error establishing a database connection"}
	}
	return sim.Answer{Status: http.StatusOK, Body: "served from " + instance.Region()}
}

// serves reports whether pages come from a database: none while its MySQL is upgraded.
func serves(d sim.DatabaseState) bool { return d.Exists && d.Status != "upgrading" }

func deepAnswer(page checks.DeepPage) sim.Answer {
	text, err := json.Marshal(page)
	switch {
	case err != nil:
		return sim.Answer{Status: http.StatusInternalServerError, Body: err.Error()}
	case !page.OK:
		return sim.Answer{Status: http.StatusServiceUnavailable, Body: string(text)}
	}
	return sim.Answer{Status: http.StatusOK, Body: string(text)}
}

// machine is an instance and what its user data told it.
type machine struct {
	sim.Instance
	told map[string]string
}

// own is what the machine last heard of one of its stack's parameters; empty when
// there is none.
func (m machine) own(key string) string {
	value, _, err := m.Parameter(m.told["REGION"], m.told["PARAMETERS"]+"/"+key)
	if err != nil {
		return ""
	}
	return value
}

// state is what the refresh found out: the epoch, and whether visitors are let in.
func (m machine) state() (page checks.DeepPage) {
	page.Epoch, _ = strconv.Atoi(m.own("epoch")) // a missing epoch is 0, as in the script
	page.Frozen = m.own("mode") == "frozen"
	if marker, ok, err := m.Parameter(m.told["PEER_REGION"], m.told["PEER_PARAMETERS"]+"/epoch"); err == nil && ok {
		theirs, err := strconv.Atoi(marker)
		page.Fenced = err == nil && theirs > page.Epoch
	}
	return page
}

// deep adds what the deep page asks the site's parts.
func (m machine) deep(page checks.DeepPage, secrets map[string]string) checks.DeepPage {
	if page.Fenced && !page.Frozen {
		return page
	}
	address := m.own("database")
	page.Database, page.Media, page.Cache = "unreachable", "missing", "none"
	used := m.login(secrets)
	if found := m.Database(address); used != nil && found.Writable {
		page.Database, page.IgnoresReadOnly = "writable", found.IgnoresReadOnly
	} else if used != nil && found.Exists {
		page.Database = "read-only"
	}
	if page.Database == "writable" && !page.Fenced {
		_ = m.Write(address, markerRow+rand.Text()) // a failure shows in the marker that is found
	}
	if used != nil {
		page.Marker = m.marker(address)
	}
	if used[wordpress.DatabaseUser] == secrets[wordpress.DatabaseUser] {
		page.Rotation, _ = wordpress.Rotation(secrets)
	}
	if m.Bucket(m.told["BUCKET"]) {
		page.Media = "mounted"
	}
	if address := m.own("cache"); address != "" && address != "none" {
		switch {
		case m.Cache(address, secrets[wordpress.CacheToken]):
			page.Cache = "ok"
		case m.Cache(address, wordpress.Previous(secrets)[wordpress.CacheToken]):
			page.Cache, page.Rotation = "ok", 0
		default:
			page.Cache = "unreachable"
		}
	}
	page.OK = !page.Frozen && page.Database == "writable" && page.Media == "mounted"
	return page
}

// login is what the instance logs in to the database by: its secrets, or those from before a rotation;
// nil when it is not let in. It makes the user that it is to be, and locks the one that was, as the
// minute's job does. Who has no master user can make none.
func (m machine) login(secrets map[string]string) map[string]string {
	if secrets[wordpress.MasterUser] == "" {
		return secrets
	}
	address, before := m.own("database"), wordpress.Previous(secrets)
	user, password := secrets[wordpress.DatabaseUser], secrets[wordpress.DatabasePassword]
	for _, by := range []map[string]string{secrets, before} {
		if m.LogIn(address, user, password) != nil {
			_ = m.SetAccount(address, by[wordpress.MasterUser], by[wordpress.MasterPassword], user, password) // the next look shows it
		}
	}
	if m.LogIn(address, user, password) == nil {
		if retired := secrets[wordpress.RetiredUser]; retired != "" {
			_ = m.SetAccount(address, secrets[wordpress.MasterUser], secrets[wordpress.MasterPassword], retired, "") // in vain on a replica
		}
		return secrets
	}
	if m.LogIn(address, before[wordpress.DatabaseUser], before[wordpress.DatabasePassword]) == nil {
		return before
	}
	return nil
}

// markerRow begins a row of the deep page's own.
const markerRow = "marker "

// marker is the last that was written to a database, or arrived in it.
func (m machine) marker(address string) string {
	rows, err := m.Rows(address)
	if err != nil {
		return ""
	}
	for _, row := range slices.Backward(rows) {
		if marker, ok := strings.CutPrefix(row, markerRow); ok {
			return marker
		}
	}
	return ""
}

// post writes what a visitor has to say.
func (m machine) post(text string) sim.Answer {
	if err := m.Write(m.own("database"), text); err != nil {
		return sim.Answer{Status: http.StatusInternalServerError, Body: err.Error()}
	}
	return sim.Answer{Status: http.StatusCreated}
}
