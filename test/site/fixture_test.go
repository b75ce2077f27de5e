package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/checks"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/wordpress"
)

// The one side of a site that most tests need.
const (
	home   = "us-west-2"
	path   = "/blog/prod"
	bucket = "blog-prod-media-1234567"
	host   = "blog-prod-1.abc.us-west-2.rds.amazonaws.com"
)

// patience is how long a test waits for what should come at once.
const patience = 3 * time.Minute

// A side is a region of a site: what stacks make there, without the engine.
type side struct {
	*cloud
	secrets  map[string]string
	arn      string
	database *server
}

// newSide makes a side with a database.
func newSide(t *testing.T) *side {
	t.Helper()
	needed(t)
	world := sim.New(1)
	t.Cleanup(world.Close)
	world.Clock().SetQuiet(2 * time.Millisecond)
	s := &side{cloud: newCloud(t, world), secrets: wordpress.GenerateSecrets()}
	s.region(home, bucket)
	s.database = s.cloud.database(host, s.secrets)
	s.make(home, "aws:s3/bucketV2:BucketV2", "media", map[string]any{"bucket": bucket})
	s.arn = s.secret(home, "blog-prod-application", s.secrets)
	for key, value := range map[string]string{"database": host, "cache": "none", "site": "https://www.example.com", "epoch": "1", "mode": "open"} {
		s.parameter(home, path+"/"+key, value)
	}
	t.Cleanup(func() {
		for _, request := range s.unmodelled() {
			t.Errorf("the simulator does not know %s", request)
		}
	})
	return s
}

// script is the user data of the side's instances.
func (s *side) script() string {
	s.t.Helper()
	text, err := components.UserData(components.UserDataArgs{Region: home, ParameterPath: path, SecretARN: s.arn, Bucket: bucket, Network: network})
	require.NoError(s.t, err)
	return text
}

// serving boots an instance that must serve.
func (s *side) serving(image string) *instance {
	s.t.Helper()
	i := s.launch(home, image, s.script())
	require.NoError(s.t, i.boot(), i.log())
	require.Contains(s.t, i.said, "the instance serves the site from "+home)
	eventually(s.t, patience, func() error {
		err := i.visit().get(components.HealthPath).want(200)
		if err != nil && strings.Contains(err.Error(), "starting") {
			return errors.Join(err, i.systemd.elapse()) // its first look was in vain
		}
		return err
	})
	return i
}

// deep asks an instance for its deep page, as the failover does.
func (s *side) deep(i *instance) (checks.DeepPage, error) {
	got := i.visit().get(components.DeepPath, "X-Pilotlight-Token", wordpress.DeepToken(s.secrets))
	var answer checks.DeepPage
	if err := json.Unmarshal([]byte(got.text), &answer); err != nil {
		return answer, fmt.Errorf("status %d: %s: %w", got.status, got.text, err)
	}
	if !answer.OK {
		return answer, fmt.Errorf("%s", got.text)
	}
	return answer, nil
}

const password = "correct horse battery staple"

// install completes WordPress's installer.
func (v *visitor) install() {
	v.t.Helper()
	form := url.Values{"weblog_title": {"Blog"}, "user_name": {"admin"}, "admin_password": {password}, "admin_password2": {password}, "pw_weak": {"1"},
		"admin_email": {"admin@example.com"}, "blog_public": {"0"}, "language": {""}}
	got := v.send("POST", "/wp-admin/install.php?step=2", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	require.NoError(v.t, got.want(200))
	require.Contains(v.t, got.text, "WordPress has been installed", got.text)
}

// logIn logs the administrator in, and finds what requests of the REST API must bring.
func (v *visitor) logIn() (nonce string) {
	v.t.Helper()
	require.NoError(v.t, v.get("/wp-login.php").want(200))
	form := url.Values{"log": {"admin"}, "pwd": {password}, "wp-submit": {"Log In"}, "redirect_to": {"https://www.example.com/wp-admin/"}, "testcookie": {"1"}}
	got := v.send("POST", "/wp-login.php", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	require.NoError(v.t, got.want(302))
	got = v.get("/wp-admin/admin-ajax.php?action=rest-nonce")
	require.NoError(v.t, got.want(200))
	require.Regexp(v.t, `^[0-9a-f]{10}$`, got.text)
	return got.text
}

// rest calls WordPress's REST API with an administrator's rights.
func (v *visitor) rest(nonce, path, contentType, body string, header ...string) page {
	v.t.Helper()
	return v.send("POST", "/index.php?rest_route="+path, strings.NewReader(body), append([]string{"X-WP-Nonce", nonce, "Content-Type", contentType}, header...)...)
}

// upload uploads a medium, and tells its address in the site.
func (v *visitor) upload(nonce, name, contentType, body string) (path string) {
	v.t.Helper()
	got := v.rest(nonce, "/wp/v2/media", contentType, body, "Content-Disposition", `attachment; filename="`+name+`"`)
	require.NoError(v.t, got.want(201))
	var medium struct {
		URL string `json:"source_url"`
	}
	require.NoError(v.t, json.Unmarshal([]byte(got.text), &medium))
	at, err := url.Parse(medium.URL)
	require.NoError(v.t, err)
	return at.Path
}
