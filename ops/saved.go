package ops

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/state"
)

// decoded is what Export gives, as text and read.
func (s *Stack) decoded(ctx context.Context) (text []byte, held apitype.DeploymentV3, err error) {
	if text, err = s.text(ctx); err == nil {
		held, err = s.decode(text)
	}
	return text, held, err
}

// saved is what Export gives, with the secrets in it encrypted. It is read from the backend's files, for which the engine
// takes half a second, where that can be: the engine knows more ways to a bucket.
func (s *Stack) saved(ctx context.Context) (held apitype.DeploymentV3, err error) {
	text, err := s.fromFiles(ctx)
	if err != nil || text == nil || ctx.Err() != nil { // a file is read also when the caller has gone
		_, held, err = s.decoded(ctx)
		return held, err
	}
	return s.decode(text)
}

// decode is state.Decode of the stack's checkpoint. One that Pulumi does not use is refused.
func (s *Stack) decode(text []byte) (apitype.DeploymentV3, error) {
	held, err := state.Decode(text)
	if broken, is := errors.AsType[*state.BrokenError](err); is {
		err = broken.Refusal(s.Name()).Of(s.Name())
	}
	return held, err
}

// fromFiles is the stack's checkpoint in the backend's files; nil where there is none.
func (s *Stack) fromFiles(ctx context.Context) ([]byte, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	latest, found, err := store.Current(ctx, config.Project, s.Name())
	if err != nil || !found {
		return nil, err
	}
	return store.ReadState(ctx, latest)
}
