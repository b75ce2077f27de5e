package ops

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// TestMediaComplete holds that a standby whose bucket lacks what S3 does not copy is not called protected.
func TestMediaComplete(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	compared := state.Media{Bucket: "blog-prod-media", Peer: "blog-dr-media", Since: at, At: at, Files: 12}
	site := func() []Side {
		side := func(stack string, role roles.Role) Side {
			return Side{
				Config: config.Config{Site: "blog", Stack: stack},
				State:  state.State{Claim: roles.Claim{Role: role, Epoch: 1, Progress: roles.Switched}, Published: state.PeerInfo{Bucket: "arn:aws:s3:::blog-" + stack + "-media"}},
			}
		}
		sides := []Side{side("dr", roles.Standby), side("prod", roles.Active)}
		sides[1].State.Media = compared
		return sides
	}
	for name, tc := range map[string]struct {
		spoil  func([]Side)
		code   string
		seen   string
		remedy string
	}{
		"all there":    {func([]Side) {}, "", "dr had all media of prod at 2026-11-29 03:00:00 UTC, but for those that S3 was copying", ""},
		"some missing": {func(s []Side) { s[1].State.Media.Missing = 4 }, MediaIncomplete, "dr lacked 4 of the 12 media of prod at 2026-11-29 03:00:00 UTC, and S3 copies none of these by itself", "pilotlight media sync --from prod --to dr, then pilotlight deploy, which compares them again"},
		"not listed":   {func(s []Side) { s[1].State.Media.Unseen = "AccessDenied" }, MediaIncomplete, "could not be compared with those of dr at 2026-11-29 03:00:00 UTC: AccessDenied", "pilotlight deploy, which compares them again, with credentials that may list both buckets"},
		"never":        {func(s []Side) { s[1].State.Media = state.Media{} }, MediaIncomplete, "the media of prod were never compared with those of dr, which may lack them all", "pilotlight deploy, which compares them"},
		"made again":   {func(s []Side) { s[0].State.Published.Bucket = "arn:aws:s3:::blog-dr-media-2" }, MediaIncomplete, "never compared", "pilotlight deploy, which compares them"},
		"no bucket":    {func(s []Side) { s[0].State.Published.Bucket = "" }, "", "", ""},
		"no standby":   {func(s []Side) { s[0].State.Claim = roles.Claim{} }, "", "", ""},
		"overtaken":    {func(s []Side) { s[0].State.Claim = roles.Claim{Role: roles.Active, Epoch: 2, Progress: roles.Switched} }, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sides := site()
			tc.spoil(sides)
			found := mediaComplete(sides)
			if tc.seen == "" {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Equal(t, tc.code == "", found[0].OK)
			assert.Equal(t, tc.code, found[0].Code)
			assert.Contains(t, found[0].Reason, tc.seen)
			assert.Equal(t, tc.remedy, found[0].Remedy)
		})
	}
	existing := site()[:1]
	existing[0].Config.Production = &config.Production{Bucket: "arn:aws:s3:::their-media"}
	assert.Equal(t, "the media of production were never compared with those of dr, which may lack them all", mediaComplete(existing)[0].Reason)
	existing[0].State.Media = state.Media{Bucket: "their-media", Peer: "blog-dr-media", Missing: 1, Files: 1, At: at}
	assert.Contains(t, mediaComplete(existing)[0].Remedy, "--from production --to dr")
}
