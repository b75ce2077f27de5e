package ops

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/pilotlight-dr/pilotlight/config"
	"github.com/pilotlight-dr/pilotlight/state"
)

// decoded is what Export gives, as text and read.
func (s *Stack) decoded(ctx context.Context) (text []byte, held apitype.DeploymentV3, err error) {
	if text, err = s.Export(ctx); err == nil {
		held, err = state.Decode(text)
	}
	return text, held, err
}

// saved is what Export gives, with the secrets in it encrypted. It is read from the backend's files, for which the engine
// takes half a second, where that can be: the engine knows more ways to a bucket.
func (s *Stack) saved(ctx context.Context) (held apitype.DeploymentV3, err error) {
	text, err := s.fromFiles(ctx)
	if err != nil || text == nil || ctx.Err() != nil { // a file is read also when nobody waits for it
		_, held, err = s.decoded(ctx)
		return held, err
	}
	return state.Decode(text)
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

// current are the resources in a state that are not yet to be deleted, in the order in which they depend on each other.
func current(held apitype.DeploymentV3) []apitype.ResourceV3 {
	return slices.DeleteFunc(slices.Clone(held.Resources), func(r apitype.ResourceV3) bool { return r.Delete })
}

// pendingCreations are the resources that a killed update had asked for.
func pendingCreations(held apitype.DeploymentV3) (asked []apitype.ResourceV3) {
	for _, o := range held.PendingOperations {
		if o.Type == apitype.OperationTypeCreating {
			asked = append(asked, o.Resource)
		}
	}
	return asked
}

// onAWS reports whether a resource is one of AWS's.
func onAWS(r apitype.ResourceV3) bool { return strings.HasPrefix(string(r.Type), "aws:") }

// described is the kind of a resource and its name in the program.
func described(r apitype.ResourceV3) string { return kindOf(r) + " " + r.URN.Name() }

// kindOf is the last part of a resource's type, such as Instance.
func kindOf(r apitype.ResourceV3) string {
	return string(r.Type[strings.LastIndex(string(r.Type), ":")+1:])
}

// idByInputs is what some inputs, named with colons between them, make up; empty where one is not known.
func idByInputs(r apitype.ResourceV3, inputs string) string {
	var all []string
	for input := range strings.SplitSeq(inputs, ":") {
		text, _ := r.Inputs[input].(string)
		if text == "" {
			return ""
		}
		all = append(all, text)
	}
	return strings.Join(all, ":")
}
