package test

import (
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pilotlight-dr/pilotlight/ops"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/sim"
	"github.com/pilotlight-dr/pilotlight/sim/scenario"
	"github.com/pilotlight-dr/pilotlight/test/staged"
)

// Images of the site, by their age.
const (
	imageOne   = "ami-0000000000000001"
	imageTwo   = "ami-0000000000000002"
	imageThree = "ami-0000000000000003"
)

// following is a site whose files leave out the image, some time after its first image was rolled out. The function
// makes copies of it.
func following(t *testing.T) func(*testing.T) (*scenario.Stage, *ops.Site, time.Time) {
	t.Helper()
	base := staged.Steady(t, staged.Options())
	for _, region := range []string{"us-west-2", "us-east-2"} {
		bake(base.World, region, imageOne)
	}
	for _, stack := range []string{scenario.Recovery, scenario.Production} {
		require.NoError(t, staged.Up(t, base, base.Env(), stack, map[string]string{"app": "{}"}))
	}
	settle(t, base, "us-west-2", imageOne)
	return func(t *testing.T) (stage *scenario.Stage, site *ops.Site, since time.Time) {
		t.Helper()
		stage, err := base.Fork(staged.Options())
		require.NoError(t, err)
		t.Cleanup(stage.Close)
		site, err = ops.OpenSite(stage.Options(stage.Env()))
		require.NoError(t, err)
		return stage, site, stage.World.Clock().Now()
	}
}

// imagesOf are the images that instances of a region were launched from.
func imagesOf(w *sim.World, region string) (all []string) {
	for _, m := range w.Launched(region) {
		all = append(all, m.Image)
	}
	return all
}

// settle has time go by until all instances of a region run an image. Visitors look all the time.
func settle(t *testing.T, stage *scenario.Stage, region, image string) {
	t.Helper()
	served := "visitors are served from " + region
	for range 80 {
		require.Equal(t, served, stage.Visit())
		stage.World.Clock().Advance(30 * time.Second)
	}
	assert.Equal(t, []string{image, image}, imagesOf(stage.World, region))
	require.Equal(t, served, stage.Visit())
}

// replacements are the steps of the world since a time that have instances replaced.
func replacements(w *sim.World, region string, since time.Time) (all []string) {
	for _, step := range w.Journal() {
		if step.Region == region && !step.Begin.Before(since) && slices.Contains([]string{"StartInstanceRefresh", "CancelInstanceRefresh"}, step.Operation) {
			all = append(all, step.Operation)
		}
	}
	return all
}

// TestRollOutAnImage has a plain update of the side that serves find another image, and no update that moves the site.
func TestRollOutAnImage(t *testing.T) {
	t.Parallel()
	fork := following(t)
	t.Run("and take it back", func(t *testing.T) {
		stage, site, since := fork(t)
		w := stage.World
		done, err := site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, done.Next)
		assert.Empty(t, replacements(w, "us-west-2", since), "the image is the same")

		bake(w, "us-west-2", imageTwo)
		plan, err := site.Plan(t.Context(), ops.Change{Stack: scenario.Production}, ops.Run{})
		require.NoError(t, err)
		assert.True(t, plan.ReplacesInstances)
		assert.Empty(t, replacements(w, "us-west-2", since), "a plan changes nothing")
		looks := 0
		done, err = site.Deploy(t.Context(), ops.Run{Event: func(events.EngineEvent) {
			assert.Equal(t, "visitors are served from us-west-2", stage.Visit())
			looks++
		}})
		require.NoError(t, err)
		assert.Greater(t, looks, 50)
		assert.Equal(t, []string{"the instances of prod are being replaced one by one, while the site serves: pilotlight status tells how far"}, done.Next)
		status, err := site.Status(t.Context())
		require.NoError(t, err)
		require.NotNil(t, served(t, status).Rollout)
		assert.Regexp(t, "^being replaced one by one since .*, 0 % so far$", served(t, status).Rollout.String())
		assert.Empty(t, status.Warnings)
		assert.Len(t, replacements(w, "us-west-2", since), 1)
		settle(t, stage, "us-west-2", imageTwo)
		before := staged.Changes(w)
		plan, err = site.Plan(t.Context(), ops.Change{Stack: scenario.Production}, ops.Run{})
		require.NoError(t, err)
		assert.False(t, plan.ReplacesInstances)
		done, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, done.Next)
		assert.Equal(t, before, staged.Changes(w), "a second update changes nothing")
		status, err = site.Status(t.Context())
		require.NoError(t, err)
		assert.Nil(t, served(t, status).Rollout)

		require.NoError(t, w.DeregisterImage("us-west-2", imageTwo))
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageOne)
		bake(w, "us-west-2", imageTwo)
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageTwo)
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"app": "{\"image\": \"" + imageOne + "\"}"}))
		settle(t, stage, "us-west-2", imageOne)
		assert.Len(t, replacements(w, "us-west-2", since), 4)
		assert.Empty(t, replacements(w, "us-east-2", since), "a standby runs nothing")
	})
	t.Run("that never gets healthy", func(t *testing.T) {
		stage, site, since := fork(t)
		w := stage.World
		bake(w, "us-west-2", imageTwo)
		w.Break("us-west-2", imageTwo)
		_, err := site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		for range 180 {
			require.Equal(t, "visitors are served from us-west-2", stage.Visit(), "by those that were there")
			w.Clock().Advance(time.Minute)
		}
		assert.Equal(t, []string{imageOne, imageOne, imageTwo}, imagesOf(w, "us-west-2"))
		status, err := site.Status(t.Context())
		require.NoError(t, err)
		require.Len(t, status.Warnings, 1)
		assert.Regexp(t, "^stack prod: the instances of blog-prod-instances-.*, 0 % so far: those before serve on; if the new image is to blame, take it back", status.Warnings[0])
		require.NoError(t, w.TagImage("us-west-2", imageTwo, map[string]string{"pilotlight:image": "-"}))
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageOne)
		assert.Equal(t, []string{"StartInstanceRefresh", "CancelInstanceRefresh", "StartInstanceRefresh"}, replacements(w, "us-west-2", since))
	})
	t.Run("when AWS does not begin it", func(t *testing.T) {
		stage, site, since := fork(t)
		bake(stage.World, "us-west-2", imageTwo)
		staged.Inject(t, stage, "error=autoscaling:StartInstanceRefresh:LimitExceeded")
		_, err := site.Deploy(t.Context(), ops.Run{})
		require.ErrorContains(t, err, "LimitExceeded")
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageTwo)
		assert.Len(t, replacements(stage.World, "us-west-2", since), 2)
	})
	t.Run("that the state has in the parameter, and AWS has not", func(t *testing.T) {
		stage, site, since := fork(t)
		bake(stage.World, "us-west-2", imageTwo)
		staged.Inject(t, stage, "error=autoscaling:StartInstanceRefresh:LimitExceeded")
		_, err := site.Deploy(t.Context(), ops.Run{})
		require.ErrorContains(t, err, "LimitExceeded")
		require.NoError(t, stage.World.PutParameter("us-west-2", "/blog/prod/image", imageOne))
		stage.World.Clock().Advance(time.Minute)
		require.NoError(t, staged.Up(t, stage, stage.Env(), scenario.Production, nil), "pulumi up, which looks at nothing before")
		settle(t, stage, "us-west-2", imageTwo)
		assert.Len(t, replacements(stage.World, "us-west-2", since), 2)
	})
	t.Run("when AWS answers nothing else", func(t *testing.T) {
		stage, site, since := fork(t)
		bake(stage.World, "us-west-2", imageTwo)
		staged.Inject(t, stage, "error=rds:DescribeDBInstances:AccessDenied:9", "error=ec2:DescribeInstanceTypes:UnauthorizedOperation:9")
		_, err := site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageTwo)
		assert.Len(t, replacements(stage.World, "us-west-2", since), 1)
	})
	t.Run("that does not start", func(t *testing.T) {
		stage, site, _ := fork(t)
		w := stage.World
		before := staged.Changes(w)
		w.PutImage("us-west-2", sim.Image{ID: imageTwo, Created: w.Clock().Now(), Architecture: "arm64", Tags: map[string]string{"pilotlight:image": "blog"}})
		var said []string
		_, err := site.Deploy(t.Context(), ops.Run{Event: func(e events.EngineEvent) {
			if d := e.DiagnosticEvent; d != nil && d.Severity == "warning" {
				said = append(said, ops.Plain(d.Message))
			}
		}})
		require.NoError(t, err, "an update must not wait for an image that somebody tagged")
		require.NotEmpty(t, said)
		assert.Contains(t, said[0], "image "+imageTwo+" is not rolled out, instances keep "+imageOne+": ")
		assert.Contains(t, said[0], "image "+imageTwo+" is for arm64")
		assert.Equal(t, before, staged.Changes(w))
		err = staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"app": "{\"image\": \"" + imageTwo + "\"}"})
		require.ErrorContains(t, err, "image "+imageTwo+" is for arm64")
		assert.Equal(t, refusal.CodeChecks, refusal.CodeOf(err))
		require.NoError(t, w.DeregisterImage("us-west-2", imageTwo))
		err = staged.Up(t, stage, stage.Env(), scenario.Production, map[string]string{"app": "{\"image\": \"" + imageThree + "\"}"})
		require.ErrorContains(t, err, "there is no image "+imageThree+" in us-west-2: set app.image to an AMI that is in this region")
		assert.Equal(t, before, staged.Changes(w), "a refusal changes nothing")
	})
	t.Run("while the site moves", func(t *testing.T) {
		stage, site, since := fork(t)
		w := stage.World
		bake(w, "us-west-2", imageTwo)
		bake(w, "us-east-2", imageThree)
		up := func(stack, role string) {
			t.Helper()
			require.NoError(t, staged.Up(t, stage, stage.Env(), stack, map[string]string{"role": role}))
		}
		up(scenario.Production, "frozen")
		assert.Equal(t, imageOne, launches(w, "us-west-2", "prod"), "its instances keep their image")
		up(scenario.Production, "active")
		assert.Equal(t, imageOne, launches(w, "us-west-2", "prod"))
		_, err := site.Switchover(t.Context(), scenario.Recovery, ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, []string{imageThree, imageThree}, imagesOf(w, "us-east-2"), "an activation launches the newest")
		assert.Empty(t, replacements(w, "us-west-2", since))
		assert.Empty(t, replacements(w, "us-east-2", since))
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, replacements(w, "us-east-2", since), "what runs is the newest already")
		bake(w, "us-east-2", "ami-0000000000000004")
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-east-2", "ami-0000000000000004")
		assert.Len(t, replacements(w, "us-east-2", since), 1)

		_, err = site.Failback(t.Context(), ops.Accepted{}, ops.Run{})
		require.NoError(t, err)
		assert.Equal(t, []string{imageTwo, imageTwo}, imagesOf(w, "us-west-2"))
		assert.Empty(t, replacements(w, "us-west-2", since))
		require.NoError(t, w.DeregisterImage("us-west-2", imageTwo))
		_, err = site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		settle(t, stage, "us-west-2", imageOne) // which was rolled out last, too
	})
	t.Run("after a failover that was stopped", func(t *testing.T) {
		stage, site, since := fork(t)
		w := stage.World
		bake(w, "us-east-2", imageTwo)
		require.NoError(t, stage.Lose())
		staged.Inject(t, stage, "error=rds:ModifyDBInstance:AccessDenied:9")
		_, err := site.Failover(t.Context(), ops.Accepted{}, ops.Run{})
		require.ErrorContains(t, err, "AccessDenied")
		stack, err := stage.Stack(t.Context(), scenario.Recovery, stage.Env())
		require.NoError(t, err)
		state, err := stack.State(t.Context())
		require.NoError(t, err)
		require.True(t, state.Claim.Switched())
		require.Equal(t, []string{imageTwo, imageOne}, []string{state.Image, state.Published.Image}, "what it launched is not published yet")
		bake(w, "us-east-2", imageThree)
		w.Heal()
		report := staged.FailOver(t, stage)
		assert.True(t, report.Recovered, report.Refusal)
		assert.Equal(t, []string{imageTwo, imageTwo}, imagesOf(w, "us-east-2"), "they keep what was launched")
		state, err = stack.State(t.Context())
		require.NoError(t, err)
		assert.False(t, state.Unfinished)
		assert.Equal(t, imageTwo, state.Published.Image)
		assert.Empty(t, replacements(w, "us-east-2", since))
	})
	t.Run("and lose the region in the middle", func(t *testing.T) {
		stage, site, since := fork(t)
		w := stage.World
		bake(w, "us-west-2", imageTwo)
		_, err := site.Deploy(t.Context(), ops.Run{})
		require.NoError(t, err)
		w.Clock().Advance(2 * time.Minute)
		assert.Len(t, imagesOf(w, "us-west-2"), 3)
		require.NoError(t, stage.Lose())
		report := staged.FailOver(t, stage)
		assert.True(t, report.Recovered, report.Refusal)
		assert.Equal(t, []string{imageOne, imageOne}, imagesOf(w, "us-east-2"))
		assert.Empty(t, replacements(w, "us-east-2", since))
		staged.NothingLeft(t, stage)
		w.ReturnRegion("us-west-2")
		w.Clock().Advance(time.Hour)
		_, err = site.Reprotect(t.Context(), ops.Run{})
		require.NoError(t, err)
		assert.Empty(t, imagesOf(w, "us-west-2"))
		assert.Len(t, replacements(w, "us-west-2", since), 1)
	})
}

// served is the side that leads the site.
func served(t *testing.T, status ops.Status) ops.SideStatus {
	t.Helper()
	at := slices.IndexFunc(status.Sides, func(s ops.SideStatus) bool { return s.Stack == status.Active })
	require.GreaterOrEqual(t, at, 0)
	return status.Sides[at]
}
