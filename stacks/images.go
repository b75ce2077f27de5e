package stacks

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pilotlight-dr/pilotlight/awsregion"
	"github.com/pilotlight-dr/pilotlight/components"
	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/failover"
	"github.com/pilotlight-dr/pilotlight/images"
	"github.com/pilotlight-dr/pilotlight/refusal"
	"github.com/pilotlight-dr/pilotlight/roles"
	"github.com/pilotlight-dr/pilotlight/state"
)

// image is what the program knows of this stack's image.
type image struct {
	id         string
	made       time.Time
	rootDevice string
}

// findImage looks at this stack's image: the one that is configured, or else the newest of the site. It is as last
// seen when it can't be asked now. An activation does not ask again for one that is configured: it has just been
// checked. A side that serves takes another image by a plain update alone, and while it moves keeps the one that it has.
func (s *site) findImage() (image, error) {
	configured := s.cfg.App.Image
	if s.imageDo == keepImage {
		running := s.runningImage()
		if s.plan.Plain(s.own.Claim) && configured != "" && configured != running.id {
			s.warn("app.image is not rolled out: this update finishes the one before, and instances keep " + running.id + ": deploy again")
		}
		return running, nil
	}
	last := image{cmp.Or(configured, s.own.Published.Image), s.own.Published.ImageCreatedAt, s.own.Published.RootDevice}
	if configured != "" && s.activating && !last.made.IsZero() {
		return last, nil
	}
	found, err := s.runtime.Image(s.Context.Context())
	switch {
	case err == nil:
		return image{found.ID, found.Made, found.RootDevice}, nil
	case last.id == "" && errors.Is(err, failover.ErrNotFound):
		return image{}, refusal.New(refusal.CodeConfig, "there is no available image with the tag %s=%s in %s: give one of the account that tag, or set app.image",
			images.SiteTag, s.cfg.Site, s.cfg.Region).Of(s.cfg.Stack)
	case last.id == "":
		return image{}, err
	}
	s.warn("image " + last.id + " is taken to be as it last was: " + err.Error())
	return last, nil
}

// runningImage is the image that instances run. It need not be there any more.
func (s *site) runningImage() image {
	running := image{s.running, s.own.Published.ImageCreatedAt, s.own.Published.RootDevice}
	if running.id == s.own.Published.Image {
		return running
	}
	found, err := s.runtime.ImageOf(s.Context.Context(), running.id)
	if err != nil {
		s.warn("image " + running.id + ", which instances run, is taken to be as the one before it: " + err.Error())
		return running
	}
	return image{found.ID, found.Made, found.RootDevice}
}

// rollsOut reports that this update replaces instances, since they run another image than the one that was found.
func (s *site) rollsOut() bool { return s.imageDo == rollOutImage && s.image.id != s.running }

// checkRollout has instances keep their image if none would start from the one that was found, or if that can't be asked.
// Only an image that the configuration names is refused: another update must not wait for an image that somebody tagged.
func (s *site) checkRollout() error {
	if !s.rollsOut() {
		return nil
	}
	found := s.image.id
	verdict, err := s.runtime.CheckImage(s.Context.Context(), found)
	switch refused := verdict.Err(); {
	case err == nil && refused == nil:
		return nil
	case err == nil && s.cfg.App.Image != "" && !s.DryRun():
		return refused
	case err == nil && s.cfg.App.Image != "":
		s.warn(PreviewWarning(refused))
		return nil
	case err == nil:
		err = refused
	}
	s.image = s.runningImage()
	s.warn(fmt.Sprintf("image %s is not rolled out, instances keep %s: %v", found, s.image.id, err))
	return nil
}

// rollout is the tag that has all instances replaced when it changes. Only a plain update of a side that serves changes
// it: an activation launches the newest image as it is, and nothing is replaced while a side moves. The time in it
// has an image rolled out again that was rolled out before another one; an update that resumes a killed one may start again.
func (s *site) rollout() map[string]string {
	value := s.own.Rollout
	if s.rollsOut() {
		value = fmt.Sprintf("%s at %s", s.image.id, s.env.Now().UTC().Format(time.RFC3339))
	}
	if value == "" {
		return nil
	}
	return map[string]string{state.RolloutTag: value}
}

// imageShown waits, before the group changes, until its parameter shows the image that is rolled out; nil when none is.
func (s *site) imageShown() (*pulumi.ResourceHookBinding, error) {
	if !s.rollsOut() {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return s.hooks.WaitImage(s.imageParameter(), s.image.id)
}

// syncImages has images come here from the other region while this stack is a standby, and sends the news of those
// here to it. Only the function goes when the stack serves, at the end of its activation: the rest is the same in any
// role, and an activation makes none of it.
func (s *site) syncImages() error {
	name, alone := s.cfg.Name(), pulumi.Provider(s.provider)
	made := slices.ContainsFunc(s.own.ResourceIDs, func(arn string) bool {
		return strings.HasSuffix(arn, ":rule/"+components.ImageSyncFunction(name)+"-sweep")
	})
	if !s.cfg.Images.Sync || s.activating && !made {
		return nil
	}
	if _, err := components.NewImageSync(s.Context, name, components.ImageSyncArgs{
		Region: s.cfg.Region, AccountID: s.account, Site: s.cfg.Site, Stack: s.cfg.Stack, From: s.cfg.PeerRegion(), Package: s.syncPackage,
		ParameterPath: s.parameters(s.cfg.Stack), Points: s.cfg.App.Image == "", CopyMinutes: s.cfg.Images.CopyMinutes, LogDays: s.cfg.LogDays,
	}, alone); err != nil {
		return err
	}
	if awsregion.Partition(s.cfg.Region) == "aws-cn" || s.cfg.Production != nil {
		return nil
	}
	_, err := components.NewImageNews(s.Context, name, components.ImageNewsArgs{Region: s.cfg.Region, AccountID: s.account, To: s.cfg.PeerRegion()}, alone)
	return err
}

// findSyncPackage finds the function that copies images, for a standby that has them copied. A plain deployment is
// refused without it. Nothing else is, and goes on without the function.
func (s *site) findSyncPackage() error {
	if s.plan.Claim.Leads() || s.adopting || s.tearingDown() {
		return nil
	}
	project, err := filepath.Abs(cmp.Or(s.env.Project, s.RootDirectory())) // the engine may run elsewhere
	if err != nil {
		return err
	}
	path, lacks := SyncPackage(s.cfg, project)
	if lacks != nil && s.plan.Do != roles.Keep {
		s.warn("images do not travel here yet: " + lacks.Error())
		return nil
	}
	s.syncPackage = path
	return lacks
}

// SyncPackage finds the function that copies images, in a project's folder, or beside this program, where a release has
// it. A standby that has images copied is refused without it; the path is empty for one that has not.
func SyncPackage(c config.Config, project string) (path string, err error) {
	if !c.Images.Sync {
		return "", nil
	}
	folders := []string{project}
	if program, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Dir(program))
	}
	for _, folder := range folders {
		path := filepath.Join(folder, images.Package)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", refusal.New(refusal.CodeConfig, "images.sync is true, and %s has no %s: build it with %s, take it from a release, or set images.sync to false",
		project, images.Package, images.BuildCommand).Of(c.Stack)
}
